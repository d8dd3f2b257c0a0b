using Realign.Core.Files;

namespace Realign.Cli.Mesh;

/// <summary>
/// The log of one service, and older ones beside it: <c>tagger.log</c>, <c>tagger.log.1</c> and so on. While the service runs, it bounds its log itself.
/// </summary>
internal sealed class ServiceLog(string path)
{
    public string Path { get; } = path;

    /// <summary>Makes room for a new one; the log of a crash is still there after the next start.</summary>
    public void Rotate()
    {
        if (File.Exists(Path))
            File.Move(Path, OlderLogs.MakeRoom(Path), overwrite: true);
    }

    /// <summary>Its last lines.</summary>
    public string Tail(int lines) => File.Exists(Path) ? string.Join('\n', File.ReadLines(Path).TakeLast(lines)) : "";
}
