using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace Realign.Tokenizers.T5;

/// <summary>
/// The precompiled normalization of SentencePiece: a double-array trie of UTF-8 prefixes to replacement strings (sentencepiece, normalizer.cc; Darts).
/// Layout: u32 size of the trie in bytes, the trie as u32 units, then the replacements, each ended by a zero byte.
/// </summary>
internal sealed class CharacterMap
{
    // a grapheme of this many bytes is never looked up whole (tokenizers, precompiled.rs)
    private const int LongGrapheme = 6;

    private readonly uint[] _units;
    private readonly byte[] _replacements;

    /// <summary>Reads the map; null when it is malformed.</summary>
    public static CharacterMap? TryRead(ReadOnlySpan<byte> blob)
    {
        if (blob.Length < 8)
            return null;
        var size = BinaryPrimitives.ReadUInt32LittleEndian(blob);
        if (size % 4 != 0 || size < 4 || size > blob.Length - 4)
            return null;
        var units = new uint[size / 4];
        for (var i = 0; i < units.Length; i++)
            units[i] = BinaryPrimitives.ReadUInt32LittleEndian(blob[(4 + i * 4)..]);
        return new CharacterMap(units, blob[(4 + (int)size)..].ToArray());
    }

    private CharacterMap(uint[] units, byte[] replacements) => (_units, _replacements) = (units, replacements);

    /// <summary>Replaces the longest known prefix at each place, as the SentencePiece library does.</summary>
    public string Apply(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        var result = new List<byte>(bytes.Length);
        for (var at = 0; at < bytes.Length;)
        {
            var length = Prefix(bytes.AsSpan(at), longest: true, out var replacement);
            if (length > 0)
            {
                AppendReplacement(replacement, result);
                at += length;
                continue;
            }

            Rune.DecodeFromUtf8(bytes.AsSpan(at), out _, out length);
            result.AddRange(bytes.AsSpan(at, length));
            at += length;
        }

        return Encoding.UTF8.GetString([.. result]);
    }

    /// <summary>
    /// Replaces text as the <c>Precompiled</c> normalizer of tokenizer.json does: a short grapheme that begins with a known prefix is replaced
    /// whole by what the shortest such prefix stands for, else each of its characters by itself. "e" + acute + dot below thus loses the dot.
    /// </summary>
    public string ApplyToGraphemes(string text)
    {
        var result = new List<byte>(text.Length);
        // a UTF-16 unit is at most three bytes
        Span<byte> buffer = stackalloc byte[LongGrapheme * 3];
        for (int at = 0, size; at < text.Length; at += size)
        {
            size = StringInfo.GetNextTextElementLength(text, at);
            var grapheme = text.AsSpan(at, size);
            var length = size < LongGrapheme ? Encoding.UTF8.GetBytes(grapheme, buffer) : LongGrapheme;
            if (length < LongGrapheme && Prefix(buffer[..length], longest: false, out var whole) > 0)
            {
                AppendReplacement(whole, result);
                continue;
            }

            foreach (var rune in grapheme.EnumerateRunes())
            {
                var character = buffer[..rune.EncodeToUtf8(buffer)];
                if (Prefix(character, longest: false, out var replacement) > 0)
                    AppendReplacement(replacement, result);
                else
                    result.AddRange(character);
            }
        }

        return Encoding.UTF8.GetString([.. result]);
    }

    private void AppendReplacement(int start, List<byte> result)
    {
        for (var i = start; i < _replacements.Length && _replacements[i] != 0; i++)
            result.Add(_replacements[i]);
    }

    // length in bytes of the shortest or longest known prefix, 0 when there is none, and where its replacement starts
    private int Prefix(ReadOnlySpan<byte> key, bool longest, out int replacement)
    {
        var length = 0;
        replacement = 0;
        var position = (int)Offset(_units[0]);
        for (var i = 0; i < key.Length; i++)
        {
            position ^= key[i];
            if (position < 0 || position >= _units.Length)
                break;
            var unit = _units[position];
            // the label of a unit that is a leaf has its top bit set, so it never equals a byte
            if ((unit & ((1u << 31) | 0xFF)) != key[i])
                break;
            position ^= (int)Offset(unit);
            if (((unit >> 8) & 1) == 0)
                continue;
            if (position < 0 || position >= _units.Length)
                break;
            replacement = (int)(_units[position] & 0x7FFFFFFF);
            length = i + 1;
            if (!longest)
                break;
        }

        return length;
    }

    private static uint Offset(uint unit) => (unit >> 10) << (int)((unit & (1u << 9)) >> 6);
}
