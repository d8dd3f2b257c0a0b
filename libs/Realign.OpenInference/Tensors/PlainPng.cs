using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace Realign.OpenInference.Tensors;

/// <summary>Pixels as a picture file, without compression: a service reads pictures of every kind the same way.</summary>
internal static class PlainPng
{
    private const int Channels = 3;
    private static readonly byte[] Signature = [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0d, 0x0a, 0x1a, 0x0a];
    private static readonly uint[] Remainders = [.. Enumerable.Range(0, 256).Select(value => Remainder((uint)value))];

    /// <summary>The file.</summary>
    /// <param name="pixels">RGB, [height, width, 3].</param>
    /// <param name="height">At least 1.</param>
    /// <param name="width">At least 1.</param>
    public static byte[] Write(ReadOnlySpan<byte> pixels, int height, int width)
    {
        using var file = new MemoryStream(pixels.Length + height + 1024);
        file.Write(Signature);
        Span<byte> header = stackalloc byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header[4..], height);
        // eight bits, RGB, and the only ways there are to compress and filter, not interlaced
        header[8] = 8;
        header[9] = 2;
        Chunk(file, "IHDR", header);
        using (var rows = new MemoryStream(pixels.Length + height + 1024))
        {
            using (var compressed = new ZLibStream(rows, CompressionLevel.NoCompression, leaveOpen: true))
            {
                var stride = width * Channels;
                for (var y = 0; y < height; y++)
                {
                    compressed.WriteByte(0);
                    compressed.Write(pixels.Slice(y * stride, stride));
                }
            }

            Chunk(file, "IDAT", rows.GetBuffer().AsSpan(0, (int)rows.Length));
        }

        Chunk(file, "IEND", []);
        return file.ToArray();
    }

    private static void Chunk(MemoryStream file, string kind, ReadOnlySpan<byte> data)
    {
        Span<byte> number = stackalloc byte[sizeof(uint)];
        var name = Encoding.ASCII.GetBytes(kind);
        BinaryPrimitives.WriteInt32BigEndian(number, data.Length);
        file.Write(number);
        file.Write(name);
        file.Write(data);
        BinaryPrimitives.WriteUInt32BigEndian(number, ~Update(Update(uint.MaxValue, name), data));
        file.Write(number);
    }

    private static uint Update(uint sum, ReadOnlySpan<byte> data)
    {
        foreach (var value in data)
            sum = Remainders[(byte)(sum ^ value)] ^ (sum >> 8);
        return sum;
    }

    private static uint Remainder(uint value)
    {
        for (var bit = 0; bit < 8; bit++)
            value = (value & 1) != 0 ? 0xedb88320 ^ (value >> 1) : value >> 1;
        return value;
    }
}
