using System.Runtime.InteropServices;

namespace Realign.Llama.Native;

/// <summary>ggml-backend.h.</summary>
internal static unsafe partial class NativeMethods
{
    /// <summary>Loads the best CPU variant of the folder and every accelerator in it.</summary>
    [LibraryImport(Ggml, EntryPoint = "ggml_backend_load_all_from_path", StringMarshalling = StringMarshalling.Utf8)]
    public static partial void BackendLoadAll(string folder);

    [LibraryImport(Ggml, EntryPoint = "ggml_backend_dev_count")]
    public static partial nuint DeviceCount();

    [LibraryImport(Ggml, EntryPoint = "ggml_backend_dev_get")]
    public static partial nint Device(nuint index);

    [LibraryImport(GgmlBase, EntryPoint = "ggml_backend_dev_name")]
    public static partial byte* DeviceName(nint device);

    [LibraryImport(GgmlBase, EntryPoint = "ggml_backend_dev_description")]
    public static partial byte* DeviceDescription(nint device);

    /// <summary>0 = CPU, 1 = GPU.</summary>
    [LibraryImport(GgmlBase, EntryPoint = "ggml_backend_dev_type")]
    public static partial int DeviceType(nint device);
}
