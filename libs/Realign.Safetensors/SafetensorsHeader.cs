using System.Text.Json;
using Microsoft.Win32.SafeHandles;
using Realign.Core.Configs;
using Realign.Core.Errors;
using Realign.Core.Files;

namespace Realign.Safetensors;

/// <summary>
/// Parses and checks the header: 8 bytes little-endian length, then JSON. Format: huggingface/safetensors, README "Format".
/// Every claim of the header is checked against the file before anything is mapped or allocated.
/// </summary>
internal static class SafetensorsHeader
{
    /// <summary>The reference implementation's own limit.</summary>
    public const long MaxHeaderBytes = 100_000_000;

    // of the format, but no engine here computes with them
    private static readonly string[] SmallFloatTypes = ["F8_E4M3", "F8_E5M2", "F8_E4M3FNUZ", "F8_E5M2FNUZ", "F8_E8M0", "F6_E2M3", "F6_E3M2", "F4"];

    private const string WayOut = "download the file again; if it is complete, it was not written as safetensors";

    public static (Dictionary<string, SafetensorsEntry> Entries, Dictionary<string, string> Metadata) Read(ModelFile file, SafeFileHandle handle)
    {
        var (path, fileLength) = (file.Path, file.Length);
        var head = new byte[Math.Min(fileLength, FileMistakes.HeadBytes)];
        file.Read(handle, head, 0);
        FileMistakes.Check(path, head, fileLength, FileFormat.Safetensors);
        if (fileLength < 8)
            throw Bad(path, $"{fileLength} bytes are too few for a safetensors header");
        var headerLength = BitConverter.ToUInt64(head);
        if (headerLength < 2 || headerLength > MaxHeaderBytes || headerLength > (ulong)(fileLength - 8))
            throw Bad(path, $"the header claims {headerLength} bytes in a file of {fileLength} bytes");
        var header = new byte[headerLength];
        file.Read(handle, header, 8);
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
            var claims = Read(document.RootElement, dataStart, fileLength);
            if (claims.Problems.Count == 0)
                return (claims.Entries, claims.Metadata);
            if (claims.SmallFloats.Count > 0)
                throw SmallFloats(path, claims.SmallFloats);
            // a header in order, but for a longer file
            var whole = DeclaredLength(document.RootElement, dataStart);
            throw whole > fileLength && Read(document.RootElement, dataStart, whole).Problems.Count == 0
                ? new ModelLoadException(path, $"the file is cut off: its header describes {whole} bytes, {fileLength} are there",
                    "resume or repeat the download")
                : new ModelLoadException(path, claims.Problems, WayOut);
        }
    }

    private static Claims Read(JsonElement header, long dataStart, long fileLength)
    {
        var claims = new Claims([], [], [], []);
        foreach (var property in header.EnumerateObject())
        {
            var name = property.Name;
            if (name == "__metadata__")
                ReadMetadata(property.Value, claims.Metadata, claims.Problems);
            else if (ReadEntry(name, property.Value, dataStart, fileLength, claims) is { } entry && !claims.Entries.TryAdd(name, entry))
                claims.Problems.Add($"key '{name}' occurs twice");
        }

        CheckOverlaps(claims.Entries.Values, dataStart, fileLength, claims.Problems);
        return claims;
    }

    private static long DeclaredLength(JsonElement header, long dataStart)
    {
        long end = 0;
        foreach (var property in header.EnumerateObject())
        {
            if (property.Value.ValueKind == JsonValueKind.Object && property.Value.TryGetProperty("data_offsets", out var offsets)
                && offsets.ValueKind == JsonValueKind.Array && offsets.GetArrayLength() == 2
                && offsets[1].ValueKind == JsonValueKind.Number && offsets[1].TryGetInt64(out var own))
            {
                end = Math.Max(end, own);
            }
        }

        return end <= long.MaxValue - dataStart ? dataStart + end : long.MaxValue;
    }

    private static ModelLoadException SmallFloats(string path, Dictionary<string, int> counts) => new(path,
        [.. counts.Select(pair => $"{pair.Value} keys are stored as {pair.Key}, floats of 8 bits or less, which are not loaded")],
        "download the float16, bfloat16 or float32 file of the model");

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

    private static SafetensorsEntry? ReadEntry(string name, JsonElement value, long dataStart, long fileLength, Claims claims)
    {
        var problems = claims.Problems;
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
            if (SmallFloatTypes.Contains(dtypeName))
                claims.SmallFloats[dtypeName!] = claims.SmallFloats.GetValueOrDefault(dtypeName!) + 1;
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

    private sealed record Claims(
        Dictionary<string, SafetensorsEntry> Entries, Dictionary<string, string> Metadata, List<string> Problems, Dictionary<string, int> SmallFloats);
}
