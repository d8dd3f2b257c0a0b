using System.Text;
using System.Text.Json;

namespace Realign.Safetensors;

/// <summary>Writes safetensors files: header padded with blanks to a multiple of 8, tensors in the order given.</summary>
public static class SafetensorsWriter
{
    private const int PieceBytes = 4 << 20;

    /// <summary>Writes a file beside the target and moves it into place, so that a reader never sees half of it.</summary>
    /// <param name="path">Target.</param>
    /// <param name="tensors">Key, element type, shape and raw little-endian bytes of each tensor.</param>
    /// <param name="metadata">The <c>__metadata__</c> entries, or none.</param>
    public static void Write(
        string path,
        IEnumerable<(string Name, SafetensorsDType DType, IReadOnlyList<long> Shape, ReadOnlyMemory<byte> Data)> tensors,
        IReadOnlyDictionary<string, string>? metadata = null)
    {
        var list = tensors.ToList();
        Write(path, [.. list.Select(tensor => (tensor.Name, tensor.DType, tensor.Shape, (long)tensor.Data.Length))], metadata, stream =>
        {
            foreach (var (_, _, _, data) in list)
                stream.Write(data.Span);
        });
    }

    /// <summary>Copies the tensors of open files into one, a piece at a time.</summary>
    /// <param name="path">Target.</param>
    /// <param name="source">What is copied.</param>
    /// <param name="isTransposed">Keys of matrices whose rows become columns.</param>
    /// <exception cref="Core.Errors.ModelLoadException">A file was changed meanwhile.</exception>
    public static void Copy(string path, SafetensorsSet source, Func<string, bool> isTransposed)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(isTransposed);
        // in the order of the bytes: the system reads ahead
        var entries = source.Entries.Values.OrderBy(entry => source.FileOf(entry.Name).Path, StringComparer.Ordinal).ThenBy(entry => entry.Offset).ToList();
        IReadOnlyList<long> Shape(SafetensorsEntry entry) => isTransposed(entry.Name) ? [entry.Shape[1], entry.Shape[0]] : entry.Shape;
        var metadata = new Dictionary<string, string> { ["format"] = "pt" };
        Write(path, [.. entries.Select(entry => (entry.Name, entry.DType, Shape(entry), entry.LengthBytes))], metadata, stream =>
        {
            foreach (var entry in entries)
            {
                if (isTransposed(entry.Name))
                    stream.Write(Transpose(source.FileOf(entry.Name).Bytes(entry.Name), entry));
                else
                    CopyPieces(source.FileOf(entry.Name), entry, stream);
            }

            foreach (var file in source.Files)
                file.RequireUnchanged();
        });
    }

    private static void Write(
        string path, IReadOnlyList<(string Name, SafetensorsDType DType, IReadOnlyList<long> Shape, long Length)> tensors,
        IReadOnlyDictionary<string, string>? metadata, Action<Stream> writeData)
    {
        var header = new Dictionary<string, object>(StringComparer.Ordinal);
        if (metadata is not null)
            header["__metadata__"] = metadata;
        long offset = 0;
        foreach (var (name, dtype, shape, length) in tensors)
        {
            header.Add(name, new { dtype = dtype.HeaderName(), shape, data_offsets = new[] { offset, offset + length } });
            offset += length;
        }

        var json = JsonSerializer.Serialize(header);
        var padded = Encoding.UTF8.GetBytes(json + new string(' ', (8 - (Encoding.UTF8.GetByteCount(json) % 8)) % 8));
        var temporary = path + ".partial";
        using (var stream = File.Create(temporary))
        {
            stream.Write(BitConverter.GetBytes((ulong)padded.Length));
            stream.Write(padded);
            writeData(stream);
        }

        File.Move(temporary, path, overwrite: true);
    }

    private static void CopyPieces(SafetensorsFile file, SafetensorsEntry entry, Stream target)
    {
        var buffer = new byte[Math.Min(entry.LengthBytes, PieceBytes)];
        for (long done = 0; done < entry.LengthBytes; done += buffer.Length)
        {
            var piece = buffer.AsSpan(0, (int)Math.Min(buffer.Length, entry.LengthBytes - done));
            file.Read(entry.Name, done, piece);
            target.Write(piece);
        }
    }

    private static byte[] Transpose(byte[] bytes, SafetensorsEntry entry)
    {
        var (rows, columns, size) = ((int)entry.Shape[0], (int)entry.Shape[1], entry.DType.SizeBytes());
        var result = new byte[bytes.Length];
        for (var row = 0; row < rows; row++)
        {
            for (var column = 0; column < columns; column++)
                bytes.AsSpan(((row * columns) + column) * size, size).CopyTo(result.AsSpan(((column * rows) + row) * size));
        }

        return result;
    }
}
