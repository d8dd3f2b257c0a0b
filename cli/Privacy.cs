using System.Runtime.InteropServices;

namespace Realign.Cli;

/// <summary>Pictures, prompts and logs belong to whoever made them.</summary>
internal static partial class Privacy
{
    private const int OwnerOnly = 0x3f; // octal 077: nothing for the group and for others

    /// <summary>From now on, files and folders of this process and of those that it starts are readable by their owner only.</summary>
    public static void Restrict() => _ = SetFileMask(OwnerOnly);

    [LibraryImport("libc", EntryPoint = "umask")]
    private static partial int SetFileMask(int mask);
}
