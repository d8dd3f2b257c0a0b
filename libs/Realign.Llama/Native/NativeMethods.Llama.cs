using System.Runtime.InteropServices;

namespace Realign.Llama.Native;

/// <summary>llama.h of llama.cpp v0.5.0, the functions used here. Nothing else in the product calls native llama code.</summary>
internal static unsafe partial class NativeMethods
{
    public const string Llama = "llama";
    public const string Ggml = "ggml";
    public const string GgmlBase = "ggml-base";

    [LibraryImport(Llama, EntryPoint = "llama_version")]
    public static partial byte* Version();

    [LibraryImport(Llama, EntryPoint = "llama_backend_init")]
    public static partial void BackendInit();

    [LibraryImport(Llama, EntryPoint = "llama_log_set")]
    public static partial void LogSet(delegate* unmanaged[Cdecl]<int, byte*, void*, void> callback, void* userData);

    [LibraryImport(Llama, EntryPoint = "llama_model_default_params")]
    public static partial LlamaModelParams ModelDefaultParams();

    [LibraryImport(Llama, EntryPoint = "llama_context_default_params")]
    public static partial LlamaContextParams ContextDefaultParams();

    [LibraryImport(Llama, EntryPoint = "llama_model_load_from_file", StringMarshalling = StringMarshalling.Utf8)]
    public static partial ModelHandle ModelLoad(string path, LlamaModelParams parameters);

    [LibraryImport(Llama, EntryPoint = "llama_model_free")]
    public static partial void ModelFree(nint model);

    [LibraryImport(Llama, EntryPoint = "llama_init_from_model")]
    public static partial ContextHandle ContextCreate(ModelHandle model, LlamaContextParams parameters);

    [LibraryImport(Llama, EntryPoint = "llama_free")]
    public static partial void ContextFree(nint context);

    /// <summary>The vocabulary belongs to the model and lives as long.</summary>
    [LibraryImport(Llama, EntryPoint = "llama_model_get_vocab")]
    public static partial nint ModelVocabulary(ModelHandle model);

    [LibraryImport(Llama, EntryPoint = "llama_model_n_ctx_train")]
    public static partial int ModelTrainedContext(ModelHandle model);

    [LibraryImport(Llama, EntryPoint = "llama_model_desc")]
    public static partial int ModelDescription(ModelHandle model, byte* buffer, nuint size);

    [LibraryImport(Llama, EntryPoint = "llama_model_has_encoder")]
    public static partial byte ModelHasEncoder(ModelHandle model);

    [LibraryImport(Llama, EntryPoint = "llama_vocab_n_tokens")]
    public static partial int VocabularySize(nint vocabulary);

    [LibraryImport(Llama, EntryPoint = "llama_vocab_bos")]
    public static partial int VocabularyBegin(nint vocabulary);

    [LibraryImport(Llama, EntryPoint = "llama_vocab_eos")]
    public static partial int VocabularyEnd(nint vocabulary);

    [LibraryImport(Llama, EntryPoint = "llama_vocab_get_add_bos")]
    public static partial byte VocabularyAddsBegin(nint vocabulary);

    [LibraryImport(Llama, EntryPoint = "llama_vocab_is_eog")]
    public static partial byte VocabularyIsEndOfGeneration(nint vocabulary, int token);

    /// <summary>Negative = the number of tokens there would be.</summary>
    [LibraryImport(Llama, EntryPoint = "llama_tokenize")]
    public static partial int Tokenize(nint vocabulary, byte* text, int length, int* tokens, int capacity, byte addSpecial, byte parseSpecial);

    /// <summary>Negative = the number of bytes there would be.</summary>
    [LibraryImport(Llama, EntryPoint = "llama_detokenize")]
    public static partial int Detokenize(nint vocabulary, int* tokens, int count, byte* text, int capacity, byte removeSpecial, byte unparseSpecial);

    /// <summary>Negative = the number of bytes there would be.</summary>
    [LibraryImport(Llama, EntryPoint = "llama_token_to_piece")]
    public static partial int TokenToPiece(nint vocabulary, int token, byte* text, int capacity, int skipLeadingSpaces, byte special);

    /// <summary>0 done, 1 no room, 2 aborted, -1 invalid batch, lower = failed.</summary>
    [LibraryImport(Llama, EntryPoint = "llama_decode")]
    public static partial int Decode(ContextHandle context, LlamaBatch batch);

    /// <summary>Null when that position's logits were not requested.</summary>
    [LibraryImport(Llama, EntryPoint = "llama_get_logits_ith")]
    public static partial float* Logits(ContextHandle context, int index);

    [LibraryImport(Llama, EntryPoint = "llama_n_ctx")]
    public static partial uint ContextSize(ContextHandle context);

    [LibraryImport(Llama, EntryPoint = "llama_n_batch")]
    public static partial uint BatchSize(ContextHandle context);

    [LibraryImport(Llama, EntryPoint = "llama_get_memory")]
    public static partial nint Memory(ContextHandle context);

    [LibraryImport(Llama, EntryPoint = "llama_memory_clear")]
    public static partial void MemoryClear(nint memory, byte data);

    /// <summary>0 when this kind of memory cannot forget a part.</summary>
    [LibraryImport(Llama, EntryPoint = "llama_memory_seq_rm")]
    public static partial byte MemoryRemove(nint memory, int sequence, int from, int to);

    /// <summary>Null when the grammar cannot be parsed.</summary>
    [LibraryImport(Llama, EntryPoint = "llama_sampler_init_grammar", StringMarshalling = StringMarshalling.Utf8)]
    public static partial SamplerHandle GrammarCreate(nint vocabulary, string grammar, string root);

    [LibraryImport(Llama, EntryPoint = "llama_sampler_apply")]
    public static partial void SamplerApply(SamplerHandle sampler, LlamaTokenDataArray* candidates);

    /// <summary>Ends the process when a grammar does not allow the token: only for tokens that survived <see cref="SamplerApply"/>.</summary>
    [LibraryImport(Llama, EntryPoint = "llama_sampler_accept")]
    public static partial void SamplerAccept(SamplerHandle sampler, int token);

    [LibraryImport(Llama, EntryPoint = "llama_sampler_reset")]
    public static partial void SamplerReset(SamplerHandle sampler);

    [LibraryImport(Llama, EntryPoint = "llama_sampler_free")]
    public static partial void SamplerFree(nint sampler);
}
