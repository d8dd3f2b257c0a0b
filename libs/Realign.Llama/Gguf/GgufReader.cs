using System.Buffers.Binary;
using System.Text;

namespace Realign.Llama.Gguf;

/// <summary>
/// Reads little-endian values from a stream of known length. Nothing is allocated before the bytes that it would need are known to be
/// there, so memory stays proportional to the file whatever its counts claim.
/// </summary>
internal sealed class GgufReader(Stream stream, long length)
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly byte[] _scratch = new byte[8];

    /// <summary>Bytes read so far.</summary>
    public long Position { get; private set; }

    /// <summary>Bytes not read yet.</summary>
    public long Remaining => length - Position;

    public byte UInt8() => Next(1)[0];

    public sbyte Int8() => (sbyte)Next(1)[0];

    public ushort UInt16() => BinaryPrimitives.ReadUInt16LittleEndian(Next(2));

    public short Int16() => BinaryPrimitives.ReadInt16LittleEndian(Next(2));

    public uint UInt32() => BinaryPrimitives.ReadUInt32LittleEndian(Next(4));

    public int Int32() => BinaryPrimitives.ReadInt32LittleEndian(Next(4));

    public ulong UInt64() => BinaryPrimitives.ReadUInt64LittleEndian(Next(8));

    public long Int64() => BinaryPrimitives.ReadInt64LittleEndian(Next(8));

    public float Float32() => BinaryPrimitives.ReadSingleLittleEndian(Next(4));

    public double Float64() => BinaryPrimitives.ReadDoubleLittleEndian(Next(8));

    /// <summary>A count of things of which each takes at least some bytes.</summary>
    /// <exception cref="GgufFormatException">There cannot be so many.</exception>
    public int Count(string what, int minBytesEach)
    {
        var count = UInt64();
        if (count > (ulong)(Remaining / minBytesEach) || count > int.MaxValue)
            throw new GgufFormatException($"{what} says {count}, but only {Remaining} bytes follow");
        return (int)count;
    }

    /// <summary>Length and bytes of a text.</summary>
    public string Text(string what)
    {
        var count = Count($"the length of {what}", 1);
        var bytes = new byte[count];
        ReadExactly(bytes);
        try
        {
            return Strict.GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            // vocabularies of published files hold pieces that are not UTF-8: Latin-1 keeps them apart, the mark from those that are
            return '\uFFFD' + Encoding.Latin1.GetString(bytes);
        }
    }

    private ReadOnlySpan<byte> Next(int count)
    {
        var bytes = _scratch.AsSpan(0, count);
        ReadExactly(bytes);
        return bytes;
    }

    private void ReadExactly(Span<byte> bytes)
    {
        if (bytes.Length > Remaining)
            throw new GgufFormatException($"the file ends at byte {length} inside its header");
        if (stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false) < bytes.Length)
            throw new GgufFormatException("the file became shorter while it was read");
        Position += bytes.Length;
    }
}
