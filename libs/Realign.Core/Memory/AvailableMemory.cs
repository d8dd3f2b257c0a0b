using System.Globalization;

namespace Realign.Core.Memory;

/// <summary>Memory this process may still take.</summary>
public static class AvailableMemory
{
    private const string MemoryInfo = "/proc/meminfo";

    /// <summary>Bytes that the machine has to give without swapping, and that the container's limit still allows.</summary>
    public static long Bytes()
    {
        var allowed = Math.Max(0, GC.GetGCMemoryInfo().TotalAvailableMemoryBytes - Environment.WorkingSet);
        return File.Exists(MemoryInfo) ? Math.Min(allowed, Parse(File.ReadLines(MemoryInfo)) ?? allowed) : allowed;
    }

    /// <summary>Bytes in the line MemAvailable; null when there is none.</summary>
    internal static long? Parse(IEnumerable<string> lines)
    {
        const string Name = "MemAvailable:";
        var line = lines.FirstOrDefault(line => line.StartsWith(Name, StringComparison.Ordinal));
        return line is not null && long.TryParse(line[Name.Length..].Replace("kB", "", StringComparison.Ordinal),
            NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out var kibibytes)
            ? kibibytes * 1024
            : null;
    }
}
