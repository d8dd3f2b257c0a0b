using System.Runtime.InteropServices;

namespace Realign.Cli.Mesh;

/// <summary>Signals to processes that are not our children any more.</summary>
internal static partial class Signals
{
    public const int Terminate = 15;
    public const int Kill = 9;

    /// <summary>Sends a signal; false when there is no such process.</summary>
    public static bool Send(int processId, int signal) => SendSignal(processId, signal) == 0;

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int SendSignal(int processId, int signal);
}
