using System.Globalization;
using System.Text;

namespace Realign.Tokenizers.Text;

/// <summary>Character classes per code point, as the tokenizers' regular expressions see them.</summary>
internal static class Unicode
{
    /// <summary>\p{L}</summary>
    public static bool IsLetter(Rune rune) => Rune.IsLetter(rune);

    /// <summary>\p{N}: digits, letter numbers and other numbers.</summary>
    public static bool IsNumber(Rune rune) => Rune.IsNumber(rune);

    /// <summary>\s: the White_Space property.</summary>
    public static bool IsSpace(Rune rune) => Rune.IsWhiteSpace(rune);

    /// <summary>\p{Mn}</summary>
    public static bool IsNonSpacingMark(Rune rune) => Rune.GetUnicodeCategory(rune) == UnicodeCategory.NonSpacingMark;

    /// <summary>The code point at an offset and its length in UTF-16 units; a lone surrogate is U+FFFD of length 1.</summary>
    public static Rune At(ReadOnlySpan<char> text, int offset, out int length)
    {
        Rune.DecodeFromUtf16(text[offset..], out var rune, out length);
        return rune;
    }

    /// <summary>Lower case without context and locale: the only simple mapping that grows is U+0130.</summary>
    public static string ToLower(string text)
    {
        var builder = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            if (rune.Value == 0x130)
                builder.Append("i\u0307");
            else
                builder.Append(Rune.ToLowerInvariant(rune));
        }

        return builder.ToString();
    }
}
