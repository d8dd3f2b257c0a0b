using System.Text;

namespace Realign.Tokenizers.BytePairs;

/// <summary>
/// The 256 printable characters that stand for bytes in byte-level vocabularies (Radford et al., "Language models are unsupervised
/// multitask learners"; encoder.py, <c>bytes_to_unicode</c>): printable Latin-1 stands for itself, the rest follows from U+0100 on.
/// </summary>
internal static class ByteAlphabet
{
    private static readonly char[] _characters = new char[256];
    private static readonly short[] _bytes = new short[0x144];

    static ByteAlphabet()
    {
        Array.Fill(_bytes, (short)-1);
        var next = 0x100;
        for (var value = 0; value < 256; value++)
        {
            var printable = value is >= 0x21 and <= 0x7E or >= 0xA1 and <= 0xAC or >= 0xAE;
            _characters[value] = (char)(printable ? value : next++);
            _bytes[_characters[value]] = (short)value;
        }
    }

    public static ReadOnlySpan<char> Characters => _characters;

    /// <summary>The UTF-8 bytes of a text, one character a byte.</summary>
    public static string Map(ReadOnlySpan<char> text)
    {
        Span<byte> buffer = stackalloc byte[256];
        var needed = Encoding.UTF8.GetByteCount(text);
        var bytes = needed <= buffer.Length ? buffer[..needed] : new byte[needed];
        Encoding.UTF8.GetBytes(text, bytes);
        return string.Create(needed, bytes, static (target, source) =>
        {
            for (var i = 0; i < target.Length; i++)
                target[i] = _characters[source[i]];
        });
    }

    /// <summary>Appends the bytes of a token; a token that is not written in the alphabet gives its own UTF-8 bytes.</summary>
    public static void AppendBytes(string token, List<byte> bytes)
    {
        var start = bytes.Count;
        foreach (var character in token)
        {
            if (character >= _bytes.Length || _bytes[character] < 0)
            {
                bytes.RemoveRange(start, bytes.Count - start);
                bytes.AddRange(Encoding.UTF8.GetBytes(token));
                return;
            }

            bytes.Add((byte)_bytes[character]);
        }
    }
}
