using System.Globalization;
using System.Text.Json;

namespace Realign.Cli.Mesh;

/// <summary>What is kept of a service that was started: enough to find it again and never to take another process for it.</summary>
/// <param name="Id">Its process.</param>
/// <param name="StartTime">When that process began, in clock ticks since the machine started: numbers of processes come again, these do not.</param>
/// <param name="Address">Where it listens.</param>
/// <param name="Settings">What it was told beyond its own settings, <c>Section:Name=value</c>.</param>
internal sealed record ServiceRecord(int Id, ulong StartTime, string Address, IReadOnlyList<string> Settings)
{
    private const int StartTimeField = 22;

    /// <summary>Null when there is none, or what is there cannot be read.</summary>
    public static ServiceRecord? Read(string file)
    {
        try
        {
            return File.Exists(file) && JsonSerializer.Deserialize<ServiceRecord>(File.ReadAllText(file)) is
            {
                Id: > 0, Address: not null,
                Settings: not null
            } record
                ? record
                : null;
        }
        catch (Exception exception) when (exception is JsonException or IOException or UnauthorizedAccessException)
        {
            // half-written by a process that was killed, or edited by hand
            return null;
        }
    }

    public void Write(string file)
    {
        File.WriteAllText($"{file}.part", JsonSerializer.Serialize(this));
        File.Move($"{file}.part", file, overwrite: true);
    }

    /// <summary>Whether the process that was started still runs.</summary>
    public bool IsAlive() => StartTimeOf(Id) == StartTime;

    /// <summary>When a process began; null when there is none of this number, or it has ended and waits to be buried.</summary>
    public static ulong? StartTimeOf(int id)
    {
        try
        {
            // pid (name) state ...: the name may hold anything, so fields are counted from its end
            var stat = File.ReadAllText($"/proc/{id}/stat");
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return fields[0] == "Z" ? null : ulong.Parse(fields[StartTimeField - 3], NumberStyles.None, CultureInfo.InvariantCulture);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
