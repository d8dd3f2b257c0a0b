namespace Realign.Core.Files;

/// <summary>The older ones of a log, beside it: <c>tagger.log.1</c> is the youngest of them.</summary>
public static class OlderLogs
{
    /// <summary>Environment variable that tells a service where its output goes.</summary>
    public const string PathVariable = "REALIGN_LOG";

    /// <summary>How many are kept.</summary>
    public const int Kept = 5;

    /// <summary>Moves each of them on by one, the oldest away, so that the youngest place is free.</summary>
    /// <param name="path">The log.</param>
    /// <returns>The free place.</returns>
    /// <exception cref="IOException">The folder cannot be written.</exception>
    public static string MakeRoom(string path)
    {
        for (var number = Kept - 1; number >= 1; number--)
        {
            if (File.Exists($"{path}.{number}"))
                File.Move($"{path}.{number}", $"{path}.{number + 1}", overwrite: true);
        }

        return $"{path}.1";
    }
}
