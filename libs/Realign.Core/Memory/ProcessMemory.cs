using System.Runtime.InteropServices;

namespace Realign.Core.Memory;

/// <summary>Memory of this process that nobody uses any more.</summary>
public static partial class ProcessMemory
{
    /// <summary>
    /// Gives it back to the operating system: both heaps keep what a large request took until they are asked, and a service that rests is not.
    /// Takes tens of milliseconds, in which all threads stand still; for the end of large requests only.
    /// </summary>
    public static void GiveBack()
    {
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        _ = MallocTrim(0);
    }

    [LibraryImport("libc", EntryPoint = "malloc_trim")]
    private static partial int MallocTrim(nuint pad);
}
