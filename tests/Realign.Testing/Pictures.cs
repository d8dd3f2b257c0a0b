using System.Buffers.Binary;
using System.IO.Compression;
using Google.Protobuf;
using NetVips;
using Realign.V1;
using Image = Realign.V1.Image;

namespace Realign.Testing;

/// <summary>Picture files for requests: good, odd and hostile ones.</summary>
public static class Pictures
{
    /// <summary>A red ball on a light wall, 8 bits.</summary>
    public static byte[] Ball(int side = 64) => Png(side, side, 8, 2, Rows(side, 1));

    /// <summary>The same with 16 bits a channel.</summary>
    public static byte[] Ball16(int side = 64) => Png(side, side, 16, 2, Rows(side, 2));

    /// <summary>The same as a CMYK JPEG.</summary>
    public static byte[] BallCmyk(int side = 64)
    {
        var inks = new byte[side * side * 4];
        for (var i = 0; i < side * side; i++)
        {
            var color = ColorAt(i % side, i / side, side);
            for (var c = 0; c < 3; c++)
                inks[(i * 4) + c] = (byte)(255 - color[c]);
        }

        using var raw = NetVips.Image.NewFromMemory(inks, side, side, 4, Enums.BandFormat.Uchar);
        using var cmyk = raw.Copy(interpretation: Enums.Interpretation.Cmyk);
        return cmyk.JpegsaveBuffer(q: 95);
    }

    /// <summary>The same as float pixels, [3, side, side].</summary>
    public static float[] BallPixels(int side = 64) =>
        [.. Enumerable.Range(0, 3 * side * side).Select(i => ColorAt(i % side, i / side % side, side)[i / (side * side)] / 255f)];

    /// <summary>The same with an animation control chunk of two frames.</summary>
    public static byte[] Animated() => Png(64, 64, 8, 2, Rows(64, 1), [0, 0, 0, 2, 0, 0, 0, 0]);

    /// <summary>A few hundred bytes that claim 900 megapixels.</summary>
    public static byte[] Bomb() => Claim(30_000, 30_000);

    /// <summary>A few hundred bytes that claim a size.</summary>
    public static byte[] Claim(int width, int height) => Png(width, height, 8, 2, new byte[1000]);

    /// <summary>A whole black picture, which compresses a thousandfold.</summary>
    public static byte[] Blank(int width, int height)
    {
        using var compressed = new MemoryStream();
        using (var zlib = new ZLibStream(compressed, CompressionLevel.SmallestSize, leaveOpen: true))
        {
            var row = new byte[1 + (width * 3)];
            for (var y = 0; y < height; y++)
                zlib.Write(row);
        }

        return File(width, height, 8, 2, compressed.ToArray());
    }

    /// <summary>A JPEG of 64x48 stored pixels with an EXIF orientation.</summary>
    public static byte[] Turned(int orientation)
    {
        using var raw = NetVips.Image.NewFromMemory([.. Enumerable.Range(0, 64 * 48 * 3).Select(i => (byte)(i % 192))], 64, 48, 3, Enums.BandFormat.Uchar);
        using var marked = raw.Copy(interpretation: Enums.Interpretation.Srgb).Mutate(mutable => mutable.Set(GValue.GIntType, "orientation", orientation));
        return marked.JpegsaveBuffer(q: 95);
    }

    /// <summary>A progressive JPEG of at least the scans of its encoder; the last one comes again and again, and each time the decoder visits every
    /// block.</summary>
    public static byte[] JpegOfScans(int scans, int side = 64)
    {
        using var raw = NetVips.Image.NewFromMemory([.. Enumerable.Range(0, side * side * 3).Select(i => (byte)(i * 31))], side, side, 3,
            Enums.BandFormat.Uchar);
        using var rgb = raw.Copy(interpretation: Enums.Interpretation.Srgb);
        var file = rgb.JpegsaveBuffer(q: 90, interlace: true);
        var last = file.AsSpan().LastIndexOf((ReadOnlySpan<byte>)[0xFF, 0xDA]);
        var own = Enumerable.Range(0, file.Length - 1).Count(i => file[i] == 0xFF && file[i + 1] == 0xDA);
        byte[] end = file[last..^2];
        return [.. file[..^2], .. Enumerable.Repeat(end, Math.Max(0, scans - own)).SelectMany(bytes => bytes), .. file[^2..]];
    }

    /// <summary>A file that ends in its middle.</summary>
    public static byte[] Truncated() => Ball(256)[..700];

    /// <summary>Text.</summary>
    public static byte[] NotAnImage() => "this is no picture at all, only text"u8.ToArray();

    /// <summary>A file as the message of a request.</summary>
    public static Image AsRequest(byte[] file) => new() { Encoded = ByteString.CopyFrom(file) };

    /// <summary>Float pixels as the message of a request.</summary>
    public static Image AsRequest(float[] values, params ReadOnlySpan<long> shape)
    {
        var tensor = new Tensor
        {
            DataType = DataType.Float32,
            Data = ByteString.CopyFrom(System.Runtime.InteropServices.MemoryMarshal.AsBytes(values.AsSpan()))
        };
        tensor.Shape.AddRange(shape.ToArray());
        return new Image { Pixels = tensor };
    }

    private static byte[] ColorAt(int x, int y, int side) =>
        Math.Pow(x - (side / 2), 2) + Math.Pow(y - (side / 2), 2) < Math.Pow(side * 0.28, 2) ? [214, 40, 40] : [226, 230, 235];

    private static byte[] Rows(int side, int bytes)
    {
        var rows = new List<byte>();
        for (var y = 0; y < side; y++)
        {
            rows.Add(0);
            for (var x = 0; x < side; x++)
            {
                foreach (var value in ColorAt(x, y, side))
                {
                    for (var i = 0; i < bytes; i++)
                        rows.Add(value);
                }
            }
        }

        return [.. rows];
    }

    private static byte[] Png(int width, int height, byte depth, byte colorType, byte[] rows, byte[]? animation = null)
    {
        using var compressed = new MemoryStream();
        using (var zlib = new ZLibStream(compressed, CompressionLevel.Fastest, leaveOpen: true))
            zlib.Write(rows);
        return File(width, height, depth, colorType, compressed.ToArray(), animation);
    }

    private static byte[] File(int width, int height, byte depth, byte colorType, byte[] compressed, byte[]? animation = null)
    {
        using var file = new MemoryStream();
        file.Write([0x89, (byte)'P', (byte)'N', (byte)'G', 13, 10, 26, 10]);
        var header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), height);
        (header[8], header[9]) = (depth, colorType);
        Chunk(file, "IHDR"u8, header);
        if (animation is not null)
            Chunk(file, "acTL"u8, animation);
        Chunk(file, "IDAT"u8, compressed);
        Chunk(file, "IEND"u8, []);
        return file.ToArray();
    }

    private static void Chunk(MemoryStream file, ReadOnlySpan<byte> type, byte[] data)
    {
        Span<byte> number = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(number, data.Length);
        file.Write(number);
        byte[] body = [.. type, .. data];
        file.Write(body);
        BinaryPrimitives.WriteUInt32BigEndian(number, Crc32(body));
        file.Write(number);
    }

    private static uint Crc32(byte[] bytes)
    {
        var crc = uint.MaxValue;
        foreach (var value in bytes)
        {
            crc ^= value;
            for (var bit = 0; bit < 8; bit++)
                crc = (crc >> 1) ^ ((crc & 1) * 0xEDB88320);
        }

        return ~crc;
    }
}
