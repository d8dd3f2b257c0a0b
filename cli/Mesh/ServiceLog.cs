namespace Realign.Cli.Mesh;

/// <summary>The log of one service, and those of its last starts beside it: <c>tagger.log</c>, <c>tagger.log.1</c> and so on.</summary>
internal sealed class ServiceLog(string path)
{
    private const int Kept = 5;

    public string Path { get; } = path;

    /// <summary>Makes room for a new one; the log of a crash is still there after the next start.</summary>
    public void Rotate()
    {
        if (!File.Exists(Path))
            return;
        for (var number = Kept - 1; number >= 1; number--)
        {
            if (File.Exists($"{Path}.{number}"))
                File.Move($"{Path}.{number}", $"{Path}.{number + 1}", overwrite: true);
        }

        File.Move(Path, $"{Path}.1", overwrite: true);
    }

    /// <summary>Its last lines.</summary>
    public string Tail(int lines) => File.Exists(Path) ? string.Join('\n', File.ReadLines(Path).TakeLast(lines)) : "";
}
