using LLama.Exceptions;
using LLama.Native;
using Realign.Core.Errors;
using Realign.Core.Files;
using Realign.Llama.Chat;
using Realign.Llama.Gguf;

namespace Realign.Llama;

/// <summary>
/// A GGUF model with its vocabulary. Immutable after loading and safe from several threads; the work happens in a <see cref="LlamaContext"/>.
/// </summary>
public sealed class LlamaModel : IDisposable
{
    private readonly SafeLlamaModelHandle _handle;
    private int _owners = 1;
    private int _disposed;

    private LlamaModel(string path, GgufFile file, SafeLlamaModelHandle handle)
    {
        _handle = handle;
        Path = path;
        File = file;
        Vocabulary = new LlamaVocabulary(handle, file);
        TrainedContext = handle.ContextSize;
        Template = ChatTemplate.TryDetect(file.String("tokenizer.chat_template"));
        Description = handle.Description;
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>Its header.</summary>
    public GgufFile File { get; }

    /// <summary>Family, size and format in the library's words, e.g. <c>llama 7B Q4_K - Medium</c>.</summary>
    public string Description { get; }

    /// <summary>Tokens and texts.</summary>
    public LlamaVocabulary Vocabulary { get; }

    /// <summary>Tokens of context that the model was trained with.</summary>
    public int TrainedContext { get; }

    /// <summary>The file's own chat format; null when the file has none that is known.</summary>
    public ChatTemplate? Template { get; }

    internal SafeLlamaModelHandle Handle => _handle;

    /// <summary>Checks a file and reads it, into memory of its own: what happens to the file later does not reach the model.</summary>
    /// <param name="path">A GGUF file.</param>
    /// <param name="useGpu">Put all layers on the GPU; false keeps everything on the CPU.</param>
    /// <exception cref="NotFoundException">There is no such file.</exception>
    /// <exception cref="ModelLoadException">The native library is missing, the file is not a model that can be run, or it was changed meanwhile.</exception>
    public static LlamaModel Load(string path, bool useGpu = false)
    {
        var file = GgufFile.OpenModel(path);
        var problems = LanguageModelCheck.Problems(file);
        if (problems.Count > 0)
            throw new ModelLoadException(path, problems, "use a complete GGUF file of a language model as llama.cpp's converter writes it");
        LlamaRuntime.Initialize(useGpu, HeadSize(file) < 64);

        var parameters = LLamaModelParams.Default();
        parameters.n_gpu_layers = useGpu ? -1 : 0;
        // a mapped file that is cut off later would end the process, one that is written over would change the answers
        parameters.load_mode = LLamaLoadMode.None;
        // NaN and infinity, in every type of block
        parameters.check_tensors = true;
        var files = GgufParts.Of(file).Select(ModelFile.Find).ToList();
        _ = LlamaLog.TakeErrors();
        SafeLlamaModelHandle handle;
        try
        {
            handle = SafeLlamaModelHandle.LoadFromFile(path, parameters);
        }
        catch (LoadWeightsFailedException exception)
        {
            var reasons = LlamaLog.TakeErrors();
            throw new ModelLoadException(path, reasons.Count > 0 ? reasons : ["llama.cpp refuses it without a reason"],
                $"use a file that the llama.cpp of LLamaSharp {LlamaRuntime.Version} can run", exception);
        }

        try
        {
            files.ForEach(part => part.RequireUnchanged());
        }
        catch
        {
            handle.Dispose();
            throw;
        }

        if (handle.HasEncoder)
        {
            handle.Dispose();
            throw new ModelLoadException(path, "it has an encoder", "use a decoder-only model such as Llama, Qwen2 or Gemma");
        }

        return new LlamaModel(path, file, handle);
    }

    /// <summary>Working memory for one conversation at a time. Dispose it; the model stays as long as any context lives.</summary>
    /// <exception cref="ResourceExhaustedException">There is not enough memory.</exception>
    public LlamaContext CreateContext(LlamaContextOptions options) => new(this, options);

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
            Release();
    }

    private static long? HeadSize(GgufFile file)
    {
        var architecture = file.String("general.architecture");
        return file.Integer($"{architecture}.attention.key_length")
            ?? file.Integer($"{architecture}.embedding_length") / file.Integer($"{architecture}.attention.head_count");
    }

    /// <summary>Keeps the native model for a context or grammar, in whatever order they are disposed; each calls <see cref="Release"/> once.</summary>
    internal void Hold()
    {
        ObjectDisposedException.ThrowIf(_handle.IsClosed, this);
        _ = Interlocked.Increment(ref _owners);
    }

    internal void Release()
    {
        if (Interlocked.Decrement(ref _owners) == 0)
            _handle.Dispose();
    }
}
