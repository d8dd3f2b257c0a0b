using System.Globalization;

namespace Realign.MeshBenchmark;

/// <summary>Markdown on the screen and in a file.</summary>
internal sealed class Report
{
    private readonly string? _file;

    public Report(string? file)
    {
        _file = file;
        if (file is not null)
            File.WriteAllText(file, "");
    }

    /// <summary>Load average of the last minute: what else the machine was busy with.</summary>
    public static string Load() => File.Exists("/proc/loadavg") ? File.ReadAllText("/proc/loadavg").Split(' ')[0] : "unknown";

    public static string Number(double value, string format = "0.0") => value.ToString(format, CultureInfo.InvariantCulture);

    public static string MiB(long bytes) => Number(bytes / (1024.0 * 1024), "0");

    public void Line(string text)
    {
        Console.WriteLine(text);
        if (_file is not null)
            File.AppendAllText(_file, text + "\n");
    }

    public void Table(string title, string[] head, IEnumerable<string[]> rows)
    {
        Line($"\n**{title}** (load {Load()})\n");
        Line($"| {string.Join(" | ", head)} |");
        Line($"|{string.Concat(Enumerable.Repeat("---|", head.Length))}");
        foreach (var row in rows)
            Line($"| {string.Join(" | ", row)} |");
    }
}
