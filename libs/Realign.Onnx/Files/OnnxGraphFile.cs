using Realign.Core.Errors;
using Realign.Core.Files;
using Realign.Onnx.Internal;

namespace Realign.Onnx.Files;

/// <summary>
/// What a graph file says about itself, without the runtime and without reading its weights: inputs, outputs, versions and where every
/// constant lies. Format: onnx/onnx <c>onnx.proto</c>. Operators are not looked at; the runtime does that when it opens the graph.
/// </summary>
public sealed class OnnxGraphFile
{
    /// <summary>Way out of a graph whose constants are not there.</summary>
    public const string WayOut = "download the graph and the files beside it again, from the same revision";

    private const int MaxDimensions = 64;

    private readonly List<OnnxValueInfo> _inputs = [];
    private readonly List<OnnxValueInfo> _outputs = [];
    private readonly List<OnnxWeight> _weights = [];
    private readonly List<string> _problems = [];
    private readonly Dictionary<string, long> _opsets = new(StringComparer.Ordinal);

    private OnnxGraphFile(string path) => Path = path;

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>Version of the file format.</summary>
    public long IrVersion { get; private set; }

    /// <summary>Program that wrote the graph and its version; may be empty.</summary>
    public string Producer { get; private set; } = "";

    /// <summary>Version of each operator set by its domain; the standard one is the empty text.</summary>
    public IReadOnlyDictionary<string, long> Opsets => _opsets;

    /// <summary>Inputs without those that are constants.</summary>
    public IReadOnlyList<OnnxValueInfo> Inputs => [.. _inputs.Where(input => !_weights.Exists(weight => weight.Name == input.Name))];

    /// <summary>Outputs.</summary>
    public IReadOnlyList<OnnxValueInfo> Outputs => _outputs;

    /// <summary>Constants.</summary>
    public IReadOnlyList<OnnxWeight> Weights => _weights;

    /// <summary>The graph and the files beside it that hold its weights.</summary>
    public IEnumerable<string> Files => _weights.Select(weight => weight.ExternalFile).OfType<string>().Distinct()
        .Select(name => System.IO.Path.Combine(System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(Path))!, name)).Prepend(Path);

    /// <summary>Number of operators.</summary>
    public int Nodes { get; private set; }

    /// <summary>Constants whose values are missing, cut off or of another size than their shape says.</summary>
    public IReadOnlyList<string> Problems => _problems;

    /// <summary>Reads a file's structure.</summary>
    /// <exception cref="ModelLoadException">The file is missing, cut off or not a graph.</exception>
    public static OnnxGraphFile Open(string path)
    {
        var found = ModelFile.Find(path);
        FileMistakes.Check(found, FileFormat.Onnx);
        var file = new OnnxGraphFile(path);
        using var stream = found.OpenRead();
        var reader = new ProtobufReader(path, stream);
        file.ReadModel(reader);
        return file._outputs.Count > 0 ? file : throw new ModelLoadException(path, "not an ONNX graph (it has no outputs)", "download the file again");
    }

    private void ReadModel(ProtobufReader reader)
    {
        var producer = new string[2] { "", "" };
        while (reader.Next(reader.Length, out var field, out var wire))
        {
            switch (field)
            {
                case 1 when wire == ProtobufReader.Wire.Varint:
                    IrVersion = (long)reader.Varint();
                    break;
                case 2 or 3 when wire == ProtobufReader.Wire.Bytes:
                    producer[field - 2] = reader.Text(reader.Length);
                    break;
                case 7 when wire == ProtobufReader.Wire.Bytes:
                    ReadGraph(reader, reader.End(reader.Length));
                    break;
                case 8 when wire == ProtobufReader.Wire.Bytes:
                    ReadOpset(reader, reader.End(reader.Length));
                    break;
                default:
                    reader.Skip(wire, reader.Length);
                    break;
            }
        }

        Producer = string.Join(' ', producer).Trim();
    }

    private void ReadOpset(ProtobufReader reader, long end)
    {
        var (domain, version) = ("", 0L);
        while (reader.Next(end, out var field, out var wire))
        {
            if (field == 1 && wire == ProtobufReader.Wire.Bytes)
                domain = reader.Text(end);
            else if (field == 2 && wire == ProtobufReader.Wire.Varint)
                version = (long)reader.Varint();
            else
                reader.Skip(wire, end);
        }

        _opsets[domain == "ai.onnx" ? "" : domain] = version;
    }

    private void ReadGraph(ProtobufReader reader, long end)
    {
        while (reader.Next(end, out var field, out var wire))
        {
            if (wire != ProtobufReader.Wire.Bytes || field is not (1 or 5 or 11 or 12))
            {
                reader.Skip(wire, end);
                continue;
            }

            var inner = reader.End(end);
            switch (field)
            {
                case 1:
                    Nodes++;
                    ReadNode(reader, inner);
                    break;
                case 5:
                    ReadWeight(reader, inner, "");
                    break;
                default:
                    (field == 11 ? _inputs : _outputs).Add(ReadValue(reader, inner));
                    break;
            }
        }
    }

    // exporters keep some weights as the values of Constant operators
    private void ReadNode(ProtobufReader reader, long end)
    {
        var output = "";
        while (reader.Next(end, out var field, out var wire))
        {
            if (field == 2 && wire == ProtobufReader.Wire.Bytes)
            {
                output = reader.Text(end);
            }
            else if (field == 5 && wire == ProtobufReader.Wire.Bytes)
            {
                var attribute = reader.End(end);
                while (reader.Next(attribute, out var inner, out var kind))
                {
                    if (inner == 5 && kind == ProtobufReader.Wire.Bytes)
                        ReadWeight(reader, reader.End(attribute), output);
                    else
                        reader.Skip(kind, attribute);
                }
            }
            else
            {
                reader.Skip(wire, end);
            }
        }
    }

    private void ReadWeight(ProtobufReader reader, long end, string name)
    {
        var shape = new List<long>();
        var external = new Dictionary<string, string>(StringComparer.Ordinal);
        var (type, rawBytes, isExternal) = (0, -1L, false);
        while (reader.Next(end, out var field, out var wire))
        {
            switch (field)
            {
                case 1:
                    reader.Numbers(wire, end, shape);
                    if (shape.Count > MaxDimensions)
                        throw reader.Broken($"a tensor of {shape.Count} dimensions");
                    break;
                case 2 when wire == ProtobufReader.Wire.Varint:
                    type = (int)reader.Varint();
                    break;
                case 8 when wire == ProtobufReader.Wire.Bytes:
                    var own = reader.Text(end);
                    name = name.Length > 0 ? name : own;
                    break;
                case 9 when wire == ProtobufReader.Wire.Bytes:
                    var values = reader.End(end);
                    rawBytes = values - reader.Position;
                    reader.SkipTo(values);
                    break;
                case 13 when wire == ProtobufReader.Wire.Bytes:
                    var (key, value) = ReadPair(reader, reader.End(end));
                    external[key] = value;
                    break;
                case 14 when wire == ProtobufReader.Wire.Varint:
                    isExternal = reader.Varint() == 1;
                    break;
                default:
                    reader.Skip(wire, end);
                    break;
            }
        }

        if (shape.Exists(side => side is < 0 or > int.MaxValue))
            throw reader.Broken($"constant '{name}' with a side of {shape.Find(side => side is < 0 or > int.MaxValue)}");
        // a product beyond any file stays where it is instead of wrapping around
        var bytes = shape.Aggregate((Int128)SizeBytes(type), (product, side) => product > long.MaxValue ? product : product * side);
        if (isExternal)
            CheckExternal(name, external, bytes);
        else if (rawBytes >= 0 && SizeBytes(type) > 0 && rawBytes != bytes)
            _problems.Add($"constant '{name}' has {rawBytes} bytes, its shape [{string.Join(", ", shape)}] needs {bytes}");
        var lengthBytes = bytes < long.MaxValue ? (long)bytes : long.MaxValue;
        _weights.Add(new OnnxWeight(name, type, shape, lengthBytes, isExternal ? external.GetValueOrDefault("location", "") : null));
    }

    private void CheckExternal(string name, Dictionary<string, string> external, Int128 bytes)
    {
        var location = external.GetValueOrDefault("location", "");
        if (location.Length == 0 || System.IO.Path.IsPathRooted(location) || location.Split('/', '\\').Contains(".."))
        {
            _problems.Add($"constant '{name}' is in '{location}', which leaves the graph's folder");
            return;
        }

        var data = System.IO.Path.Combine(System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(Path))!, location);
        _ = long.TryParse(external.GetValueOrDefault("offset", "0"), out var offset);
        if (!ModelFile.Exists(data))
            _problems.Add($"constant '{name}' is in '{location}', which is not there: download it too");
        else if (ModelFile.LengthOf(data) is var length && (offset < 0 || offset + bytes > length))
            _problems.Add($"constant '{name}' ends at byte {offset + bytes} of '{location}', which has {length}: download it again");
    }

    private static (string Key, string Value) ReadPair(ProtobufReader reader, long end)
    {
        var (key, value) = ("", "");
        while (reader.Next(end, out var field, out var wire))
        {
            if (field == 1 && wire == ProtobufReader.Wire.Bytes)
                key = reader.Text(end);
            else if (field == 2 && wire == ProtobufReader.Wire.Bytes)
                value = reader.Text(end);
            else
                reader.Skip(wire, end);
        }

        return (key, value);
    }

    private static OnnxValueInfo ReadValue(ProtobufReader reader, long end)
    {
        var (name, type) = ("", OnnxElementType.Unsupported);
        var sizes = new List<(long? Size, string Name)>();
        while (reader.Next(end, out var field, out var wire))
        {
            if (field == 1 && wire == ProtobufReader.Wire.Bytes)
                name = reader.Text(end);
            else if (field == 2 && wire == ProtobufReader.Wire.Bytes)
                type = ReadType(reader, reader.End(end), sizes);
            else
                reader.Skip(wire, end);
        }

        return new OnnxValueInfo(name, type, [.. sizes.Select(size => size.Size)], [.. sizes.Select(size => size.Name)], IsOptional: false);
    }

    private static OnnxElementType ReadType(ProtobufReader reader, long end, List<(long? Size, string Name)> sizes)
    {
        var type = OnnxElementType.Unsupported;
        while (reader.Next(end, out var field, out var wire))
        {
            if (field != 1 || wire != ProtobufReader.Wire.Bytes)
            {
                reader.Skip(wire, end);
                continue;
            }

            var tensor = reader.End(end);
            while (reader.Next(tensor, out var part, out var kind))
            {
                if (part == 1 && kind == ProtobufReader.Wire.Varint)
                    type = ElementTypes.FromFormat((int)reader.Varint());
                else if (part == 2 && kind == ProtobufReader.Wire.Bytes)
                    ReadShape(reader, reader.End(tensor), sizes);
                else
                    reader.Skip(kind, tensor);
            }
        }

        return type;
    }

    private static void ReadShape(ProtobufReader reader, long end, List<(long? Size, string Name)> sizes)
    {
        while (reader.Next(end, out var field, out var wire))
        {
            if (field != 1 || wire != ProtobufReader.Wire.Bytes)
            {
                reader.Skip(wire, end);
                continue;
            }

            var dimension = reader.End(end);
            (long? Size, string Name) size = (null, "");
            while (reader.Next(dimension, out var part, out var kind))
            {
                if (part == 1 && kind == ProtobufReader.Wire.Varint)
                    size = ((long)reader.Varint(), "");
                else if (part == 2 && kind == ProtobufReader.Wire.Bytes)
                    size = (null, reader.Text(dimension));
                else
                    reader.Skip(kind, dimension);
            }

            sizes.Add(size);
        }
    }

    private static int SizeBytes(int type) => type switch
    {
        2 or 3 or 9 => 1,
        4 or 5 or 10 or 16 => 2,
        1 or 6 or 12 => 4,
        7 or 11 or 13 => 8,
        _ => 0,
    };
}
