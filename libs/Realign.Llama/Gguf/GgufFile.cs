using Realign.Core.Errors;
using Realign.Core.Files;

namespace Realign.Llama.Gguf;

/// <summary>
/// Header of a GGUF file, versions 2 and 3: metadata and where each tensor lies. Everything is checked against the file's length, so a
/// truncated or lying file is refused before native code maps it. Format: ggml's <c>docs/gguf.md</c>.
/// </summary>
public sealed class GgufFile
{
    private const uint Magic = 0x46554747;
    private const int MaxDimensions = 4;
    private const int MaxTensors = 1 << 16;
    private const int MaxPairs = 1 << 16;
    private const int MaxElements = 1 << 24;

    private GgufFile(string path, int version, IReadOnlyDictionary<string, GgufValue> metadata, IReadOnlyList<GgufTensorInfo> tensors, long length)
    {
        Path = path;
        Version = version;
        Metadata = metadata;
        Tensors = tensors;
        Length = length;
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>Format version.</summary>
    public int Version { get; }

    /// <summary>All key-value pairs.</summary>
    public IReadOnlyDictionary<string, GgufValue> Metadata { get; }

    /// <summary>All tensors, in the order of the file.</summary>
    public IReadOnlyList<GgufTensorInfo> Tensors { get; }

    /// <summary>Bytes of the file.</summary>
    public long Length { get; }

    /// <summary>Reads a header.</summary>
    /// <exception cref="NotFoundException">There is no such file.</exception>
    /// <exception cref="ModelLoadException">It is not a whole GGUF file.</exception>
    public static GgufFile Open(string path)
    {
        if (!ModelFile.Exists(path))
            throw new NotFoundException($"there is no file {path}", "name a GGUF file");
        var file = ModelFile.Find(path);
        FileMistakes.Check(file, FileFormat.Gguf);
        using var stream = new BufferedStream(file.OpenRead(), 1 << 16);
        return Read(stream, file.Length, path);
    }

    /// <summary>Reads the header of a model, with the tensors of all its files when it was split; offsets and <see cref="Length"/> are those of each and
    /// of the first.</summary>
    /// <exception cref="NotFoundException">There is no such file.</exception>
    /// <exception cref="ModelLoadException">It is not a whole model.</exception>
    public static GgufFile OpenModel(string path)
    {
        var first = Open(path);
        return first.Integer("split.count") is > 1
            ? new GgufFile(path, first.Version, first.Metadata, GgufParts.Tensors(first), first.Length)
            : first;
    }

    /// <summary>Reads a header from a stream.</summary>
    /// <param name="stream">At the start of the file.</param>
    /// <param name="length">Bytes of the whole file.</param>
    /// <param name="path">For messages.</param>
    /// <exception cref="ModelLoadException">It is not a whole GGUF file.</exception>
    public static GgufFile Read(Stream stream, long length, string path)
    {
        try
        {
            return Read(new GgufReader(stream, length), length, path);
        }
        catch (GgufFormatException exception)
        {
            throw new ModelLoadException(path, exception.Message, "download the file again", exception);
        }
    }

    /// <summary>A text value; null when absent or of another type.</summary>
    public string? String(string key) => Metadata.GetValueOrDefault(key)?.Value as string;

    /// <summary>An integer value; null when absent or of another type.</summary>
    public long? Integer(string key) => Metadata.GetValueOrDefault(key)?.Value as long?;

    /// <summary>An array; null when absent or of another type.</summary>
    public GgufArray? Array(string key) => Metadata.GetValueOrDefault(key)?.Value as GgufArray;

    private static GgufFile Read(GgufReader reader, long length, string path)
    {
        if (reader.Remaining < 24 || reader.UInt32() != Magic)
            throw new GgufFormatException("it is not a GGUF file (the first four bytes are not GGUF)");
        var version = reader.UInt32();
        if (version is not (2 or 3))
            throw new GgufFormatException($"version {version} is not read, only 2 and 3");
        // the smallest tensor entry: empty name, no dimension, type and offset; the smallest pair: empty key, type, one byte
        var tensorCount = Limit("the tensor count", reader.Count("the tensor count", 24), MaxTensors);
        var pairCount = Limit("the count of metadata", reader.Count("the count of metadata", 13), MaxPairs);

        var metadata = new Dictionary<string, GgufValue>(StringComparer.Ordinal);
        for (var i = 0; i < pairCount; i++)
        {
            var key = reader.Text($"metadata key {i}");
            if (!metadata.TryAdd(key, ReadValue(reader, key)))
                throw new GgufFormatException($"metadata key '{key}' occurs twice");
        }

        var entries = new List<(string Name, long[] Shape, GgufTensorType Type, long Offset)>();
        var names = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < tensorCount; i++)
        {
            var entry = ReadTensor(reader, i);
            if (!names.Add(entry.Name))
                throw new GgufFormatException($"tensor '{entry.Name}' occurs twice");
            entries.Add(entry);
        }

        var alignment = Alignment(metadata);
        var start = Align(reader.Position, alignment);
        return new GgufFile(path, (int)version, metadata, Place(entries, start, alignment, length), length);
    }

    private static GgufValue ReadValue(GgufReader reader, string key)
    {
        var type = (GgufValueType)reader.UInt32();
        return type == GgufValueType.Array ? new GgufValue(type, ReadArray(reader, key)) : new GgufValue(type, ReadScalar(reader, type, key));
    }

    private static object ReadScalar(GgufReader reader, GgufValueType type, string key) => type switch
    {
        GgufValueType.UInt8 => (long)reader.UInt8(),
        GgufValueType.Int8 => (long)reader.Int8(),
        GgufValueType.UInt16 => (long)reader.UInt16(),
        GgufValueType.Int16 => (long)reader.Int16(),
        GgufValueType.UInt32 => (long)reader.UInt32(),
        GgufValueType.Int32 => (long)reader.Int32(),
        GgufValueType.Int64 => reader.Int64(),
        GgufValueType.UInt64 => reader.Int64() is var value and >= 0 ? value : throw new GgufFormatException($"metadata '{key}' is above 2^63 - 1"),
        GgufValueType.Float32 => (double)reader.Float32(),
        GgufValueType.Float64 => reader.Float64(),
        GgufValueType.Boolean => reader.UInt8() switch
        {
            0 => false,
            1 => true,
            var other =>
            throw new GgufFormatException($"metadata '{key}' is the boolean {other}")
        },
        GgufValueType.Text => reader.Text($"metadata '{key}'"),
        _ => throw new GgufFormatException($"metadata '{key}' has the unknown type {(uint)type}"),
    };

    private static GgufArray ReadArray(GgufReader reader, string key)
    {
        var type = (GgufValueType)reader.UInt32();
        var minBytes = type switch
        {
            GgufValueType.UInt8 or GgufValueType.Int8 or GgufValueType.Boolean => 1,
            GgufValueType.UInt16 or GgufValueType.Int16 => 2,
            GgufValueType.UInt32 or GgufValueType.Int32 or GgufValueType.Float32 => 4,
            GgufValueType.UInt64 or GgufValueType.Int64 or GgufValueType.Float64 or GgufValueType.Text => 8,
            GgufValueType.Array => throw new GgufFormatException($"metadata '{key}' is an array of arrays, which llama.cpp does not read"),
            _ => throw new GgufFormatException($"metadata '{key}' is an array of the unknown type {(uint)type}"),
        };
        var what = $"the length of metadata '{key}'";
        var count = Limit(what, reader.Count(what, minBytes), MaxElements);
        var texts = new List<string>();
        var numbers = new List<long>();
        for (var i = 0; i < count; i++)
        {
            switch (ReadScalar(reader, type, key))
            {
                case string text:
                    texts.Add(text);
                    break;
                case long number:
                    numbers.Add(number);
                    break;
            }
        }

        return new GgufArray(type, count, texts, numbers);
    }

    private static (string Name, long[] Shape, GgufTensorType Type, long Offset) ReadTensor(GgufReader reader, int index)
    {
        var name = reader.Text($"the name of tensor {index}");
        var dimensions = reader.UInt32();
        if (dimensions is 0 or > MaxDimensions)
            throw new GgufFormatException($"tensor '{name}' has {dimensions} dimensions, 1 to {MaxDimensions} are possible");
        var shape = new long[dimensions];
        for (var i = 0; i < shape.Length; i++)
        {
            var size = reader.UInt64();
            if (size is 0 or > int.MaxValue)
                throw new GgufFormatException($"dimension {i} of tensor '{name}' is {size}");
            shape[i] = (long)size;
        }

        var id = reader.UInt32();
        var type = GgufTensorType.Find(id) ?? throw new GgufFormatException($"tensor '{name}' has the unknown type {id}");
        if (shape[0] % type.BlockElements != 0)
            throw new GgufFormatException($"tensor '{name}': the first dimension {shape[0]} is not a multiple of {type.BlockElements}, the block of "
                + $"{type.Name}");
        var offset = reader.UInt64();
        return offset <= long.MaxValue ? (name, shape, type, (long)offset) : throw new GgufFormatException($"tensor '{name}' begins at {offset}");
    }

    private static List<GgufTensorInfo> Place(List<(string Name, long[] Shape, GgufTensorType Type, long Offset)> entries, long start, long alignment,
        long length)
    {
        var tensors = new List<GgufTensorInfo>(entries.Count);
        // ggml wants the data in the order of the entries, each at the next aligned byte
        long expected = 0;
        foreach (var (name, shape, type, offset) in entries)
        {
            Int128 bytes = (Int128)(shape[0] / type.BlockElements) * type.BlockBytes;
            foreach (var size in shape.AsSpan(1))
                bytes *= size;
            if (offset != expected)
                throw new GgufFormatException($"tensor '{name}' begins at {offset} of the data, expected {expected}: it overlaps or leaves a gap");
            if (bytes > length - start - offset)
                throw new GgufFormatException($"tensor '{name}' needs {bytes} bytes at {start + offset}, but the file ends at {length}");
            tensors.Add(new GgufTensorInfo(name, shape, type, start + offset, (long)bytes));
            expected = Align(offset + (long)bytes, alignment);
        }

        return tensors;
    }

    private static long Alignment(Dictionary<string, GgufValue> metadata)
    {
        if (!metadata.TryGetValue("general.alignment", out var value))
            return 32;
        return value is { Type: GgufValueType.UInt32, Value: long alignment } && alignment is > 0 and <= 1 << 20 && (alignment & (alignment - 1)) == 0
            ? alignment
            : throw new GgufFormatException($"general.alignment is {value.Value}, a power of two is needed");
    }

    private static long Align(long position, long alignment) => (position + alignment - 1) / alignment * alignment;

    private static int Limit(string what, int count, int max) =>
        count <= max ? count : throw new GgufFormatException($"{what} says {count}, more than the {max} any model has");
}
