using System.Runtime.InteropServices;

namespace Realign.Llama.Native;

/// <summary>The C library: .NET keeps its own copy of the environment, native code reads this one.</summary>
internal static partial class NativeMethods
{
    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int SetEnvironmentVariable(string name, string value, int overwrite);
}
