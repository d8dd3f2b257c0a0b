namespace Realign.Cli.Commands;

/// <summary>The folder of a result: whether it can be written is found out before the work that is to fill it begins.</summary>
internal static class OutputFolder
{
    /// <summary>Makes sure that a folder can be made and written; leaves nothing behind.</summary>
    /// <exception cref="CliException">It cannot.</exception>
    public static void Check(string folder)
    {
        var existing = Path.GetFullPath(folder);
        while (!Directory.Exists(existing) && !File.Exists(existing) && Path.GetDirectoryName(existing) is { } above)
            existing = above;
        var probe = Path.Combine(existing, $".realign-{Environment.ProcessId}");
        try
        {
            File.WriteAllBytes(probe, [0]);
            File.Delete(probe);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new CliException($"{folder} cannot be written: {exception.Message} Choose another place with --out", ExitCodes.Usage);
        }
    }

    /// <summary>Makes sure that a file can be written.</summary>
    /// <exception cref="CliException">It cannot.</exception>
    public static void CheckFor(string file)
    {
        if (Directory.Exists(file))
            throw new CliException($"{file} is a folder: name a file with --out", ExitCodes.Usage);
        Check(Path.GetDirectoryName(Path.GetFullPath(file))!);
    }
}
