using Realign.Core.Errors;
using Realign.Llama.Chat;
using Realign.Llama.Gguf;
using Realign.Llama.Native;

namespace Realign.Llama;

/// <summary>
/// A GGUF model with its vocabulary. Immutable after loading and safe from several threads; the work happens in a <see cref="LlamaContext"/>.
/// </summary>
public sealed unsafe class LlamaModel : IDisposable
{
    private readonly ModelHandle _handle;

    private LlamaModel(string path, GgufFile file, ModelHandle handle)
    {
        _handle = handle;
        Path = path;
        File = file;
        Vocabulary = new LlamaVocabulary(handle, file);
        TrainedContext = NativeMethods.ModelTrainedContext(handle);
        Template = ChatTemplate.TryDetect(file.String("tokenizer.chat_template"));
        Span<byte> buffer = stackalloc byte[256];
        fixed (byte* pointer = buffer)
        {
            var length = NativeMethods.ModelDescription(handle, pointer, (nuint)buffer.Length);
            Description = System.Text.Encoding.UTF8.GetString(buffer[..Math.Clamp(length, 0, buffer.Length - 1)]);
        }
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

    internal ModelHandle Handle => _handle;

    /// <summary>Checks a file and loads it, memory mapped.</summary>
    /// <param name="path">A GGUF file.</param>
    /// <param name="useGpu">Put all layers on the GPU; false keeps everything on the CPU.</param>
    /// <exception cref="NotFoundException">There is no such file.</exception>
    /// <exception cref="ModelLoadException">The native library is missing, or the file is not a model that can be run; lists every problem.</exception>
    public static LlamaModel Load(string path, bool useGpu = false)
    {
        var file = GgufFile.OpenModel(path);
        var problems = LanguageModelCheck.Problems(file);
        if (problems.Count > 0)
            throw new ModelLoadException(path, problems, "use a complete GGUF file of a language model as llama.cpp's converter writes it");
        LlamaRuntime.Initialize();
        if (useGpu && !LlamaRuntime.HasGpu())
        {
            throw new ModelLoadException(path, "the GPU was asked for, but the libraries have no GPU back end or it finds no device",
                "set the device to cpu, or install the CUDA libraries of llama.cpp");
        }

        var parameters = NativeMethods.ModelDefaultParams();
        parameters.GpuLayers = useGpu ? -1 : 0;
        _ = NativeLog.TakeErrors();
        var handle = NativeMethods.ModelLoad(path, parameters);
        if (handle.IsInvalid)
        {
            handle.Dispose();
            var reasons = NativeLog.TakeErrors();
            throw new ModelLoadException(path, reasons.Count > 0 ? reasons : ["llama.cpp refuses it without a reason"],
                $"use a file that llama.cpp {NativeFolder.Release} can run");
        }

        if (NativeMethods.ModelHasEncoder(handle) != 0)
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
    public void Dispose() => _handle.Dispose();
}
