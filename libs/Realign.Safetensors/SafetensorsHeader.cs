using System.Text.Json;
using Realign.Core.Configs;
using Realign.Core.Errors;

namespace Realign.Safetensors;

/// <summary>
/// Parses and checks the header: 8 bytes little-endian length, then JSON. Format: huggingface/safetensors, README "Format".
/// Every claim of the header is checked against the file before anything is mapped or allocated.
/// </summary>
internal static class SafetensorsHeader
{
    /// <summary>The reference implementation's own limit.</summary>
    public const long MaxHeaderBytes = 100_000_000;

    private const string WayOut = "download the file again; if it is complete, it was not written as safetensors";

    public static (Dictionary<string, SafetensorsEntry> Entries, Dictionary<string, string> Metadata) Read(string path, Stream stream)
    {
        var fileLength = stream.Length;
        if (fileLength < 8)
            throw Bad(path, $"{fileLength} bytes are too few for a safetensors header");
        Span<byte> lengthBytes = stackalloc byte[8];
        stream.ReadExactly(lengthBytes);
        var headerLength = BitConverter.ToUInt64(lengthBytes);
        if (headerLength < 2 || headerLength > MaxHeaderBytes || headerLength > (ulong)(fileLength - 8))
            throw Bad(path, $"the header claims {headerLength} bytes in a file of {fileLength} bytes");
        var header = new byte[headerLength];
        stream.ReadExactly(header);
        return Parse(path, header, 8 + (long)headerLength, fileLength);
    }

    private static (Dictionary<string, SafetensorsEntry>, Dictionary<string, string>) Parse(string path, byte[] header, long dataStart, long fileLength)
    {
        JsonDocument document;
        try
        {
            document = StrictJson.Parse(header, new JsonDocumentOptions { MaxDepth = 8 });
        }
        catch (JsonException exception)
        {
            throw Bad(path, $"the header is not JSON ({exception.Message})");
        }

        using (document)
        {
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                throw Bad(path, "the header is not a JSON object");
            var entries = new Dictionary<string, SafetensorsEntry>(StringComparer.Ordinal);
            var metadata = new Dictionary<string, string>(StringComparer.Ordinal);
            var problems = new List<string>();
            foreach (var property in document.RootElement.EnumerateObject())
            {
                var name = property.Name;
                if (name == "__metadata__")
                    ReadMetadata(property.Value, metadata, problems);
                else if (ReadEntry(name, property.Value, dataStart, fileLength, problems) is { } entry && !entries.TryAdd(name, entry))
                    problems.Add($"key '{name}' occurs twice");
            }

            CheckOverlaps(entries.Values, dataStart, fileLength, problems);
            return problems.Count == 0 ? (entries, metadata) : throw new ModelLoadException(path, problems, WayOut);
        }
    }

    private static void ReadMetadata(JsonElement value, Dictionary<string, string> metadata, List<string> problems)
    {
        if (value.ValueKind != JsonValueKind.Object)
        {
            problems.Add("__metadata__ is not an object");
            return;
        }

        foreach (var property in value.EnumerateObject())
        {
            if (property.Value.ValueKind == JsonValueKind.String)
                metadata[property.Name] = property.Value.GetString()!;
            else
                problems.Add($"__metadata__.{property.Name} is not a string");
        }
    }

    private static SafetensorsEntry? ReadEntry(string name, JsonElement value, long dataStart, long fileLength, List<string> problems)
    {
        if (value.ValueKind != JsonValueKind.Object
            || !value.TryGetProperty("dtype", out var dtypeElement) || dtypeElement.ValueKind != JsonValueKind.String
            || !value.TryGetProperty("shape", out var shapeElement) || shapeElement.ValueKind != JsonValueKind.Array
            || !value.TryGetProperty("data_offsets", out var offsets) || offsets.ValueKind != JsonValueKind.Array || offsets.GetArrayLength() != 2)
        {
            problems.Add($"key '{name}' lacks dtype, shape or data_offsets");
            return null;
        }

        var dtypeName = dtypeElement.GetString();
        if (!SafetensorsDTypes.TryParse(dtypeName, out var dtype))
        {
            problems.Add($"key '{name}' has the unknown dtype '{dtypeName}'");
            return null;
        }

        var shape = new long[shapeElement.GetArrayLength()];
        long count = 1;
        var filled = 0;
        // enumerated, not indexed: the index of an array with nested elements is found by walking
        foreach (var dimension in shapeElement.EnumerateArray())
        {
            if (dimension.ValueKind != JsonValueKind.Number || !dimension.TryGetInt64(out var size) || size < 0 || (size > 0 && count > fileLength / size))
            {
                problems.Add($"key '{name}' has a shape that does not fit the file");
                return null;
            }

            shape[filled++] = size;
            count *= size;
        }

        if (offsets[0].ValueKind != JsonValueKind.Number || offsets[1].ValueKind != JsonValueKind.Number
            || !offsets[0].TryGetInt64(out var begin) || !offsets[1].TryGetInt64(out var end)
            || begin < 0 || end < begin || end > fileLength - dataStart)
        {
            problems.Add($"key '{name}' points outside the file");
            return null;
        }

        if (end - begin != count * dtype.SizeBytes())
        {
            problems.Add($"key '{name}' has {end - begin} bytes for shape [{string.Join(", ", shape)}] of {dtypeName}");
            return null;
        }

        return new SafetensorsEntry(name, dtype, shape, dataStart + begin, end - begin);
    }

    private static void CheckOverlaps(IEnumerable<SafetensorsEntry> entries, long dataStart, long fileLength, List<string> problems)
    {
        var end = dataStart;
        foreach (var entry in entries.OrderBy(entry => entry.Offset).ThenBy(entry => entry.LengthBytes))
        {
            if (entry.Offset < end)
                problems.Add($"key '{entry.Name}' overlaps the key before it");
            else if (entry.Offset > end)
                problems.Add($"{entry.Offset - end} bytes before key '{entry.Name}' belong to no key");
            end = Math.Max(end, entry.Offset + entry.LengthBytes);
        }

        if (problems.Count == 0 && end != fileLength)
            problems.Add($"the file has {fileLength} bytes, its keys end at {end}");
    }

    private static ModelLoadException Bad(string path, string problem) => new(path, problem, WayOut);
}
