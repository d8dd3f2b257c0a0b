using System.Buffers.Binary;
using System.Text;

namespace Realign.Tokenizers.T5;

/// <summary>
/// The precompiled normalisation of SentencePiece: a double-array trie of UTF-8 prefixes to replacement strings (sentencepiece, normalizer.cc; Darts).
/// Layout: u32 size of the trie in bytes, the trie as u32 units, then the replacements, each ended by a zero byte.
/// </summary>
internal sealed class CharacterMap
{
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

    /// <summary>Replaces the longest known prefix at each place.</summary>
    public string Apply(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        var result = new List<byte>(bytes.Length);
        for (var at = 0; at < bytes.Length;)
        {
            if (Longest(bytes.AsSpan(at), out var length) is { } replacement)
            {
                for (var i = replacement; i < _replacements.Length && _replacements[i] != 0; i++)
                    result.Add(_replacements[i]);
                at += length;
                continue;
            }

            Rune.DecodeFromUtf8(bytes.AsSpan(at), out _, out length);
            result.AddRange(bytes.AsSpan(at, length));
            at += length;
        }

        return Encoding.UTF8.GetString([.. result]);
    }

    private int? Longest(ReadOnlySpan<byte> key, out int length)
    {
        length = 0;
        int? found = null;
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
            found = (int)(_units[position] & 0x7FFFFFFF);
            length = i + 1;
        }

        return found;
    }

    private static uint Offset(uint unit) => (unit >> 10) << (int)((unit & (1u << 9)) >> 6);
}
