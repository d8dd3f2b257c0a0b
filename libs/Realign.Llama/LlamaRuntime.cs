using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using LLama.Native;
using Realign.Core.Errors;

namespace Realign.Llama;

/// <summary>The native library of this process, loaded once by the first model, with its log and its environment set before.</summary>
internal static partial class LlamaRuntime
{
    private static readonly Lock Gate = new();
    private static bool _loaded;

    private static string Natives => Path.Combine(AppContext.BaseDirectory, "runtimes", "linux-x64", "native");

    /// <summary>Version of LLamaSharp, which fixes the version of llama.cpp.</summary>
    public static string Version { get; } =
        typeof(NativeApi).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "";

    /// <summary>Loads the library; later calls do nothing.</summary>
    /// <param name="useGpu">Whether the CUDA build is wanted; the first call decides for the process.</param>
    /// <param name="hasNarrowHeads">
    /// Whether the model's attention heads have fewer than 64 columns. The AVX-512 build works through the rest of a row below 64 one by one,
    /// and takes twice the time of the AVX2 build then.
    /// </param>
    /// <exception cref="ModelLoadException">It is missing, cannot be loaded, or has no GPU where one is wanted.</exception>
    public static void Initialize(bool useGpu, bool hasNarrowHeads)
    {
        lock (Gate)
        {
            if (!_loaded)
                Load(useGpu, hasNarrowHeads);
            _loaded = true;
            if (useGpu && !NativeApi.llama_supports_gpu_offload())
                throw NoGpu("the library has no GPU back end or finds no device");
        }
    }

    private static void Load(bool useGpu, bool hasNarrowHeads)
    {
        // the loader would go on to the working directory, where anybody may have put anything
        if (!Directory.Exists(Natives))
            throw new ModelLoadException(Natives, "llama.cpp's libraries are missing", "publish the application again; they come with LLamaSharp.Backend.Cpu");
        if (useGpu && !Directory.Exists(Path.Combine(Natives, "cuda12")))
            throw NoGpu("this build has no CUDA back end of llama.cpp");
        try
        {
            _ = NativeLibraryConfig.LLama.WithSearchDirectory(AppContext.BaseDirectory).WithVulkan(false).WithCuda(useGpu).WithLogCallback(LlamaLog.Write);
            if (hasNarrowHeads && Avx512F.IsSupported)
                _ = NativeLibraryConfig.LLama.WithAvx(AvxLevel.Avx2);
            NativeApi.llama_empty_call();
        }
        catch (TypeInitializationException exception)
        {
            throw new ModelLoadException(Natives, $"cannot be loaded: {exception.InnerException?.Message.Split('\n')[0]}",
                "glibc 2.34 or newer on x86-64 and libgomp (Debian: libgomp1) are needed", exception);
        }
    }

    private static ModelLoadException NoGpu(string reason) => new(Natives, $"the GPU was asked for, but {reason}",
        "set the device to cpu, or build with -p:Accelerator=cuda for a machine with CUDA 12");

    /// <summary>
    /// On an abort ggml would fork a debugger to print a backtrace, and spinning OpenMP threads slow each other down on busy cores. Native
    /// code reads both from the C environment, of which .NET has its own copy, when it is loaded.
    /// </summary>
    [ModuleInitializer]
    [System.Diagnostics.CodeAnalysis.SuppressMessage("Usage", "CA2255", Justification = "must run before the native library is loaded")]
    internal static void SetEnvironment()
    {
        _ = SetEnv("GGML_NO_BACKTRACE", "1", 1);
        _ = SetEnv("OMP_WAIT_POLICY", "passive", 0);
    }

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetEnv(string name, string value, int overwrite);
}
