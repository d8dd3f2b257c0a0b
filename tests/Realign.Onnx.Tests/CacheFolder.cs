using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Realign.Onnx.Tests;

/// <summary>Sends everything this process would cache to a folder of its own, before any native library is loaded.</summary>
internal static partial class CacheFolder
{
    public static string Path { get; private set; } = "";

    [ModuleInitializer]
    [System.Diagnostics.CodeAnalysis.SuppressMessage("Usage", "CA2255", Justification = "must run before the runtime is loaded")]
    internal static void Redirect()
    {
        Path = Directory.CreateTempSubdirectory("realign-onnx-cache").FullName;
        _ = SetEnv("XDG_CACHE_HOME", Path, 1);
        _ = SetEnv("HOME", Path, 1);
    }

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetEnv(string name, string value, int overwrite);
}
