using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Realign.Evaluation.Runs;

/// <summary>
/// The folder of a run: <c>run.json</c> (what it is of), <c>results.jsonl</c> (a line per picture, appended and forced to disk), <c>pictures/</c>
/// (named after their content). A run that ended in any way goes on where it stopped; a line that was not written to its end is dropped.
/// </summary>
internal sealed class RunFolder : IDisposable
{
    public const string ConfigurationName = "run.json";
    public const string ResultsName = "results.jsonl";
    private const string PicturesName = "pictures";

    private readonly Lock _lock = new();
    private readonly List<PictureRecord> _records = [];
    private readonly FileStream _results;

    private RunFolder(string path, FileStream results)
    {
        Path = path;
        _results = results;
    }

    public string Path { get; }

    /// <summary>Whether the end of the results was dropped because it was not whole.</summary>
    public bool DroppedTornLine { get; private set; }

    /// <summary>What is there.</summary>
    public IReadOnlyList<PictureRecord> Records
    {
        get
        {
            lock (_lock)
                return [.. _records];
        }
    }

    /// <summary>Reads the configuration of a run that is there.</summary>
    /// <exception cref="EvaluationException">There is none, or it cannot be read.</exception>
    public static RunConfiguration ReadConfiguration(string path)
    {
        var file = System.IO.Path.Combine(path, ConfigurationName);
        if (!File.Exists(file))
            throw new EvaluationException($"{path} holds no run: it has no {ConfigurationName}", EvaluationException.NotThere);
        try
        {
            return JsonSerializer.Deserialize<RunConfiguration>(File.ReadAllBytes(file), RunJson.Line)
                ?? throw new JsonException("it is empty");
        }
        catch (JsonException exception)
        {
            throw new EvaluationException($"{file} cannot be read ({exception.Message}): choose another folder with --out", EvaluationException.Usage);
        }
    }

    /// <summary>Opens a folder for a run: a new one, or one of the same run.</summary>
    /// <exception cref="EvaluationException">It holds another run, is in use, or a line that is not the last one is damaged.</exception>
    public static RunFolder Open(string path, RunConfiguration configuration)
    {
        var full = System.IO.Path.GetFullPath(path);
        var file = System.IO.Path.Combine(full, ConfigurationName);
        if (File.Exists(file))
        {
            var differences = ReadConfiguration(full).Differences(configuration);
            if (differences.Count > 0)
            {
                throw new EvaluationException($"{path} holds another run ({string.Join("; ", differences)}): choose another folder with --out, or repeat "
                    + "that run's command to go on with it", EvaluationException.Usage);
            }
        }
        else
        {
            _ = Directory.CreateDirectory(System.IO.Path.Combine(full, PicturesName));
            WriteWhole(file, JsonSerializer.SerializeToUtf8Bytes(configuration, RunJson.Indented));
        }

        var folder = new RunFolder(full, OpenResults(path, System.IO.Path.Combine(full, ResultsName)));
        try
        {
            folder.ReadResults();
            return folder;
        }
        catch
        {
            folder.Dispose();
            throw;
        }
    }

    /// <summary>Stores a picture, if it is not there.</summary>
    /// <returns>Its path from the folder on.</returns>
    public string Store(byte[] png)
    {
        var name = Convert.ToHexStringLower(SHA256.HashData(png))[..24];
        var relative = $"{PicturesName}/{name[..2]}/{name}.png";
        var path = System.IO.Path.Combine(Path, relative);
        if (!File.Exists(path))
        {
            _ = Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
            WriteWhole(path, png);
        }

        return relative;
    }

    /// <summary>The bytes of a stored picture.</summary>
    public byte[] ReadPicture(PictureRecord record) => File.ReadAllBytes(System.IO.Path.Combine(Path, record.Png));

    /// <summary>Appends lines and waits until they are on the disk.</summary>
    public void Append(IReadOnlyCollection<PictureRecord> records)
    {
        var lines = string.Concat(records.Select(record => JsonSerializer.Serialize(record, RunJson.Line) + "\n"));
        lock (_lock)
        {
            var start = _results.Position;
            try
            {
                _results.Write(Encoding.UTF8.GetBytes(lines));
                _results.Flush(flushToDisk: true);
            }
            catch (IOException)
            {
                // what fits of a line on a full disk must not stand before the next one
                _results.SetLength(start);
                _results.Position = start;
                throw;
            }

            _records.AddRange(records);
        }
    }

    /// <summary>A file is there whole or not at all.</summary>
    public static void WriteWhole(string path, byte[] content)
    {
        var part = $"{path}.{Guid.NewGuid():N}.part";
        try
        {
            using (var stream = new FileStream(part, FileMode.CreateNew, FileAccess.Write))
            {
                stream.Write(content);
                stream.Flush(flushToDisk: true);
            }

            File.Move(part, path, overwrite: true);
        }
        catch
        {
            File.Delete(part);
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _results.Dispose();

    private static FileStream OpenResults(string path, string file)
    {
        try
        {
            // unbuffered: a line is written by one call, and nothing of it is left to write when that fails
            return new FileStream(file, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0);
        }
        catch (IOException) when (File.Exists(file))
        {
            throw new EvaluationException($"another evaluation writes to {path}: wait for its end, or choose another folder with --out",
                EvaluationException.Usage);
        }
    }

    private void ReadResults()
    {
        var bytes = new byte[_results.Length];
        _results.ReadExactly(bytes);
        var (start, number) = (0, 0);
        while (start < bytes.Length)
        {
            number++;
            var length = bytes.AsSpan(start).IndexOf((byte)'\n');
            var isLast = length < 0 || start + length + 1 == bytes.Length;
            var record = length < 0 ? null : Parse(bytes.AsSpan(start, length));
            if (record is null && !isLast)
            {
                throw new EvaluationException(FormattableString.Invariant(
                    $"line {number} of {_results.Name} is damaged: remove that line, and its picture is drawn again"), EvaluationException.Failure);
            }

            if (record is null)
            {
                DroppedTornLine = true;
                _results.SetLength(start);
                break;
            }

            _records.Add(record);
            start += length + 1;
        }

        _ = _results.Seek(0, SeekOrigin.End);
    }

    private static PictureRecord? Parse(ReadOnlySpan<byte> line)
    {
        try
        {
            return JsonSerializer.Deserialize<PictureRecord>(line, RunJson.Line);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
