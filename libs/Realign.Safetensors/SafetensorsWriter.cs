using System.Text;
using System.Text.Json;

namespace Realign.Safetensors;

/// <summary>Writes safetensors files: header padded with blanks to a multiple of 8, tensors in the order given.</summary>
public static class SafetensorsWriter
{
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
        var header = new Dictionary<string, object>(StringComparer.Ordinal);
        if (metadata is not null)
            header["__metadata__"] = metadata;
        long offset = 0;
        foreach (var (name, dtype, shape, data) in list)
        {
            header.Add(name, new { dtype = dtype.HeaderName(), shape, data_offsets = new[] { offset, offset + data.Length } });
            offset += data.Length;
        }

        var json = JsonSerializer.Serialize(header);
        var padded = Encoding.UTF8.GetBytes(json + new string(' ', (8 - (Encoding.UTF8.GetByteCount(json) % 8)) % 8));
        var temporary = path + ".partial";
        using (var stream = File.Create(temporary))
        {
            stream.Write(BitConverter.GetBytes((ulong)padded.Length));
            stream.Write(padded);
            foreach (var (_, _, _, data) in list)
                stream.Write(data.Span);
        }

        File.Move(temporary, path, overwrite: true);
    }
}
