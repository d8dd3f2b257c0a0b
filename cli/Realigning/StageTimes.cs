using System.Text.Json;
using Realign.Cli.Connections;
using Realign.V1;

namespace Realign.Cli.Realigning;

/// <summary>How long stages took last time, to say how long they will take this time.</summary>
internal sealed class StageTimes
{
    private readonly string _file;
    private readonly Dictionary<string, double> _milliseconds;

    private StageTimes(string file, Dictionary<string, double> milliseconds)
    {
        _file = file;
        _milliseconds = milliseconds;
    }

    public static StageTimes Load()
    {
        var file = MeshFolder.Find().StageTimesFile;
        try
        {
            return new StageTimes(file, File.Exists(file) ? JsonSerializer.Deserialize<Dictionary<string, double>>(File.ReadAllText(file)) ?? [] : []);
        }
        catch (Exception exception) when (exception is JsonException or IOException or UnauthorizedAccessException)
        {
            // only an estimate is lost
            return new StageTimes(file, []);
        }
    }

    public double? Of(Stage stage) => _milliseconds.TryGetValue(stage.ToString(), out var milliseconds) ? milliseconds : null;

    public void Note(Stage stage, double milliseconds) => _milliseconds[stage.ToString()] = milliseconds;

    public void Save()
    {
        try
        {
            _ = Directory.CreateDirectory(Path.GetDirectoryName(_file)!);
            File.WriteAllText(_file, JsonSerializer.Serialize(_milliseconds));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // a folder that cannot be written costs the estimate, not the result
        }
    }
}
