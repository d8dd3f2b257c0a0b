using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;
using Realign.Core.Errors;

namespace Realign.Safetensors;

/// <summary>
/// A memory-mapped safetensors file. Opening checks the whole header; tensor bytes are read by the operating system when they are touched.
/// </summary>
/// <remarks>Safe for concurrent reads. Spans are valid until <see cref="Dispose"/>.</remarks>
public sealed unsafe class SafetensorsFile : IDisposable
{
    private readonly MemoryMappedFile _map;
    private readonly MemoryMappedViewAccessor _view;
    private readonly byte* _start;

    private SafetensorsFile(string path, MemoryMappedFile map, Dictionary<string, SafetensorsEntry> entries, Dictionary<string, string> metadata)
    {
        Path = path;
        Entries = entries;
        Metadata = metadata;
        _map = map;
        _view = map.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
        byte* pointer = null;
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref pointer);
        _start = pointer + _view.PointerOffset;
    }

    /// <summary>Path of the file.</summary>
    public string Path { get; }

    /// <summary>Its tensors by key.</summary>
    public IReadOnlyDictionary<string, SafetensorsEntry> Entries { get; }

    /// <summary>The <c>__metadata__</c> of the header.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Opens a file.</summary>
    /// <exception cref="ModelLoadException">The file is missing, truncated or its header lies; lists every problem.</exception>
    public static SafetensorsFile Open(string path)
    {
        FileStream stream;
        try
        {
            stream = File.OpenRead(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new ModelLoadException(path, "the file cannot be opened", "check the path and its permissions", exception);
        }

        using (stream)
        {
            var (entries, metadata) = SafetensorsHeader.Read(path, stream);
            var map = MemoryMappedFile.CreateFromFile(stream, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
            try
            {
                return new SafetensorsFile(path, map, entries, metadata);
            }
            catch
            {
                map.Dispose();
                throw;
            }
        }
    }

    /// <summary>Raw little-endian bytes of a tensor, without a copy.</summary>
    /// <exception cref="KeyNotFoundException">There is no such key.</exception>
    /// <exception cref="ModelLoadException">The tensor is larger than a span can be (2 GiB); use <see cref="BytesAt"/>.</exception>
    public ReadOnlySpan<byte> Bytes(string key)
    {
        var entry = Entries[key];
        if (entry.LengthBytes > int.MaxValue)
            throw new ModelLoadException(Path, $"key '{key}' is larger than 2 GiB", "read it in pieces");
        return new ReadOnlySpan<byte>(_start + entry.Offset, (int)entry.LengthBytes);
    }

    /// <summary>A piece of a tensor's raw bytes, without a copy.</summary>
    /// <param name="key">Its key.</param>
    /// <param name="start">First byte, counted from the tensor's own start.</param>
    /// <param name="length">Bytes.</param>
    public ReadOnlySpan<byte> BytesAt(string key, long start, int length)
    {
        var entry = Entries[key];
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(start + length, entry.LengthBytes);
        return new ReadOnlySpan<byte>(_start + entry.Offset + start, length);
    }

    /// <summary>A tensor of <c>F32</c>, <c>F16</c>, <c>BF16</c> or <c>F64</c> as floats.</summary>
    public float[] ReadSingles(string key)
    {
        var entry = Entries[key];
        var bytes = Bytes(key);
        var values = new float[entry.Count];
        switch (entry.DType)
        {
            case SafetensorsDType.F32:
                bytes.CopyTo(MemoryMarshal.AsBytes(values.AsSpan()));
                break;
            case SafetensorsDType.F16:
                for (var i = 0; i < values.Length; i++)
                    values[i] = (float)BitConverter.ToHalf(bytes.Slice(i * 2, 2));
                break;
            case SafetensorsDType.BF16:
                for (var i = 0; i < values.Length; i++)
                    values[i] = BitConverter.Int32BitsToSingle(BitConverter.ToUInt16(bytes.Slice(i * 2, 2)) << 16);
                break;
            case SafetensorsDType.F64:
                for (var i = 0; i < values.Length; i++)
                    values[i] = (float)BitConverter.ToDouble(bytes.Slice(i * 8, 8));
                break;
            default:
                throw new ModelLoadException(Path, $"key '{key}' is {entry.DType.HeaderName()}, not a float type", "convert the tensor");
        }

        return values;
    }

    /// <summary>A tensor of <c>I64</c> or <c>I32</c> as 64-bit integers.</summary>
    public long[] ReadInt64s(string key)
    {
        var entry = Entries[key];
        var bytes = Bytes(key);
        var values = new long[entry.Count];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = entry.DType switch
            {
                SafetensorsDType.I64 => BitConverter.ToInt64(bytes.Slice(i * 8, 8)),
                SafetensorsDType.I32 => BitConverter.ToInt32(bytes.Slice(i * 4, 4)),
                _ => throw new ModelLoadException(Path, $"key '{key}' is {entry.DType.HeaderName()}, not an integer type", "convert the tensor"),
            };
        }

        return values;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _view.SafeMemoryMappedViewHandle.ReleasePointer();
        _view.Dispose();
        _map.Dispose();
    }
}
