using System.Reflection;
using System.Runtime.InteropServices;
using Realign.Core.Errors;
using Realign.Llama.Native;

namespace Realign.Llama;

/// <summary>
/// The native library of this process: found, checked for release and struct layout, and loaded once. Loading a model does this by itself.
/// </summary>
public static unsafe class LlamaRuntime
{
    private static readonly Lock Gate = new();
    private static readonly Dictionary<string, nint> Libraries = [];
    private static bool _initialized;

    /// <summary>The devices the library found, e.g. <c>CPU: AMD EPYC</c>; the first GPU, if any, is used when a model asks for it.</summary>
    /// <exception cref="ModelLoadException">The library cannot be loaded.</exception>
    public static IReadOnlyList<string> Devices()
    {
        Initialize();
        var devices = new List<string>();
        for (nuint index = 0; index < NativeMethods.DeviceCount(); index++)
        {
            var device = NativeMethods.Device(index);
            devices.Add($"{Text(NativeMethods.DeviceName(device))}: {Text(NativeMethods.DeviceDescription(device))}");
        }

        return devices;
    }

    /// <summary>Whether a GPU back end is loaded and has a device.</summary>
    /// <exception cref="ModelLoadException">The library cannot be loaded.</exception>
    public static bool HasGpu()
    {
        Initialize();
        for (nuint index = 0; index < NativeMethods.DeviceCount(); index++)
        {
            if (NativeMethods.DeviceType(NativeMethods.Device(index)) == 1)
                return true;
        }

        return false;
    }

    /// <summary>Loads the library; later calls do nothing.</summary>
    /// <exception cref="ModelLoadException">It is missing, of another release, has other struct layouts, or finds no usable CPU variant.</exception>
    public static void Initialize()
    {
        lock (Gate)
        {
            if (_initialized)
                return;
            var folder = NativeFolder.Find();
            // on an abort ggml would fork a debugger to print a backtrace; .NET's own environment is not what native code reads
            _ = NativeMethods.SetEnvironmentVariable("GGML_NO_BACKTRACE", "1", 1);
            Load(folder);
            var version = Text(NativeMethods.Version());
            if (!version.StartsWith(NativeFolder.Release[1..], StringComparison.Ordinal))
                throw Refused(folder, $"the library says it is {version}, expected {NativeFolder.Release}");
            var differences = AbiCheck.Differences();
            if (differences.Count > 0)
                throw new ModelLoadException(folder, differences, $"use the libraries of llama.cpp {NativeFolder.Release}");
            NativeLog.Install();
            NativeMethods.BackendInit();
            NativeMethods.BackendLoadAll(folder);
            if (NativeMethods.DeviceCount() == 0)
                throw Refused(folder, "no back end of the folder runs on this processor");
            _initialized = true;
        }
    }

    private static void Load(string folder)
    {
        if (Libraries.Count > 0)
            return;
        foreach (var name in new[] { NativeMethods.GgmlBase, NativeMethods.Ggml, NativeMethods.Llama })
        {
            var path = NativeFolder.Library(folder, name);
            try
            {
                Libraries[name] = NativeLibrary.Load(path);
            }
            catch (DllNotFoundException exception)
            {
                Libraries.Clear();
                throw new ModelLoadException(path, $"cannot be loaded: {exception.Message.Split('\n')[0]}", "glibc 2.34 or newer on x86-64 is needed", exception);
            }
        }

        NativeLibrary.SetDllImportResolver(typeof(LlamaRuntime).Assembly, Resolve);
    }

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? searchPath) => Libraries.GetValueOrDefault(name);

    private static string Text(byte* text) => Marshal.PtrToStringUTF8((nint)text) ?? "";

    private static ModelLoadException Refused(string folder, string problem) =>
        new(folder, problem, $"use the libraries of llama.cpp {NativeFolder.Release}: npm ci --ignore-scripts in native/npm");
}
