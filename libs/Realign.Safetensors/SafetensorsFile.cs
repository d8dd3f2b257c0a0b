using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Realign.Core.Errors;
using Realign.Core.Files;

namespace Realign.Safetensors;

/// <summary>
/// An open safetensors file. Opening checks the whole header; tensor bytes are copied out when they are asked for, never mapped: a file that is
/// cut off or written over later cannot change or end the process that read it.
/// </summary>
/// <remarks>Safe for concurrent reads.</remarks>
public sealed class SafetensorsFile : IDisposable
{
    /// <summary>Way out of a file whose numbers are not finite.</summary>
    public const string NonFiniteWayOut = "download the file again; if it is as published, use another revision: it was damaged in training or conversion";

    // a multiple of every element's size
    private const int PieceBytes = 4 << 20;

    private readonly ModelFile _file;
    private readonly SafeFileHandle _handle;
    private readonly bool _isView;

    private SafetensorsFile(
        ModelFile file, SafeFileHandle handle, IReadOnlyDictionary<string, SafetensorsEntry> entries, IReadOnlyDictionary<string, string> metadata, bool isView)
    {
        _file = file;
        _handle = handle;
        _isView = isView;
        Entries = entries;
        Metadata = metadata;
    }

    /// <summary>Path of the file, as it was named.</summary>
    public string Path => _file.Path;

    /// <summary>Bytes of the file.</summary>
    public long Length => _file.Length;

    /// <summary>Its tensors by key.</summary>
    public IReadOnlyDictionary<string, SafetensorsEntry> Entries { get; }

    /// <summary>The <c>__metadata__</c> of the header.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Opens a file.</summary>
    /// <exception cref="ModelLoadException">The file is missing, truncated or its header lies; lists every problem.</exception>
    public static SafetensorsFile Open(string path)
    {
        var file = ModelFile.Find(path);
        var handle = file.Open();
        try
        {
            var (entries, metadata) = SafetensorsHeader.Read(file, handle);
            return new SafetensorsFile(file, handle, entries, metadata, isView: false);
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    /// <summary>Some of the tensors, or slices of them, under other names and shapes; valid as long as this file is open.</summary>
    /// <param name="entries">Each inside the bytes of a tensor of this file.</param>
    public SafetensorsFile Select(IEnumerable<SafetensorsEntry> entries) =>
        new(_file, _handle, entries.ToDictionary(entry => entry.Name, StringComparer.Ordinal), Metadata, isView: true);

    /// <summary>Raw little-endian bytes of a tensor.</summary>
    /// <exception cref="KeyNotFoundException">There is no such key.</exception>
    /// <exception cref="ModelLoadException">The tensor is larger than an array can be (2 GiB; use <see cref="Read"/>), or the file became shorter.</exception>
    public byte[] Bytes(string key)
    {
        var entry = Entries[key];
        if (entry.LengthBytes > Array.MaxLength)
            throw new ModelLoadException(Path, $"key '{key}' is larger than 2 GiB", "read it in pieces");
        var bytes = new byte[entry.LengthBytes];
        Read(key, 0, bytes);
        return bytes;
    }

    /// <summary>Copies a piece of a tensor's raw bytes.</summary>
    /// <param name="key">Its key.</param>
    /// <param name="start">First byte, counted from the tensor's own start.</param>
    /// <param name="buffer">Is filled.</param>
    /// <exception cref="ModelLoadException">The file became shorter after it was opened.</exception>
    public void Read(string key, long start, Span<byte> buffer)
    {
        var entry = Entries[key];
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(start + buffer.Length, entry.LengthBytes);
        _file.Read(_handle, buffer, entry.Offset + start);
    }

    /// <summary>Reads a tensor's numbers and says which is the first that is NaN or infinite; null = all are finite.</summary>
    /// <exception cref="ModelLoadException">The file became shorter after it was opened.</exception>
    public string? FindNonFinite(string key)
    {
        var entry = Entries[key];
        var buffer = new byte[Math.Min(entry.LengthBytes, PieceBytes)];
        for (long done = 0; done < entry.LengthBytes; done += PieceBytes)
        {
            var piece = buffer.AsSpan(0, (int)Math.Min(PieceBytes, entry.LengthBytes - done));
            Read(key, done, piece);
            if (FiniteNumbers.FindOther(piece, entry.DType) is >= 0 and var index)
                return NonFinite(key, (done / entry.DType.SizeBytes()) + index);
        }

        return null;
    }

    /// <summary>What a tensor with such a number is refused with.</summary>
    /// <param name="key">Its key.</param>
    /// <param name="index">Of the number, in row-major order.</param>
    public static string NonFinite(string key, long index) => $"key '{key}' holds NaN or infinity (number {index})";

    /// <summary>To be called after the last tensor was read: all of them belong to one state of the file.</summary>
    /// <exception cref="ModelLoadException">The file was written to, or another one was put in its place, after it was opened.</exception>
    public void RequireUnchanged() => _file.RequireUnchanged(_handle);

    /// <summary>A tensor of <c>F32</c>, <c>F16</c>, <c>BF16</c> or <c>F64</c> as floats.</summary>
    public float[] ReadSingles(string key)
    {
        var entry = Entries[key];
        ReadOnlySpan<byte> bytes = Bytes(key);
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
        ReadOnlySpan<byte> bytes = Bytes(key);
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
        if (!_isView)
            _handle.Dispose();
    }
}
