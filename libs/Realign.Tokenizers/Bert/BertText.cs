using System.Globalization;
using System.Text;
using Realign.Core.Text;
using Realign.Tokenizers.Text;

namespace Realign.Tokenizers.Bert;

/// <summary>Cleaning and splitting of BERT's basic tokenizer (Devlin et al. 2018, tokenization.py).</summary>
internal static class BertText
{
    /// <summary>Control characters dropped, blanks unified, CJK characters set apart, accents stripped, lower case.</summary>
    public static string Normalize(string text, bool lowerCase, bool stripAccents, bool splitChinese)
    {
        var builder = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            if (rune.Value is 0 or 0xFFFD || IsControl(rune))
                continue;
            if (Unicode.IsSpace(rune))
                builder.Append(' ');
            else if (splitChinese && IsChinese(rune.Value))
                builder.Append(' ').Append(rune).Append(' ');
            else
                builder.Append(rune);
        }

        var clean = builder.ToString();
        if (stripAccents)
            clean = WithoutMarks(CanonicalForm.Decompose(clean));
        return lowerCase ? Unicode.ToLower(clean) : clean;
    }

    /// <summary>End of the word that starts at an offset, which is not on a blank: a punctuation character is a word of its own.</summary>
    public static int WordEnd(ReadOnlySpan<char> text, int start)
    {
        var end = start;
        while (end < text.Length && Unicode.At(text, end, out var length) is var rune && !Unicode.IsSpace(rune))
        {
            if (IsPunctuation(rune))
                return end == start ? end + length : end;
            end += length;
        }

        return end;
    }

    private static string WithoutMarks(string text)
    {
        var builder = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            if (!Unicode.IsNonSpacingMark(rune))
                builder.Append(rune);
        }

        return builder.ToString();
    }

    private static bool IsControl(Rune rune) => rune.Value is not ('\t' or '\n' or '\r') && Rune.GetUnicodeCategory(rune)
        is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.OtherNotAssigned or UnicodeCategory.PrivateUse or UnicodeCategory.Surrogate;

    // symbols such as $, ^ and ` count as punctuation too
    private static bool IsPunctuation(Rune rune) => rune.IsAscii
        ? rune.Value is >= 33 and <= 47 or >= 58 and <= 64 or >= 91 and <= 96 or >= 123 and <= 126
        : Rune.IsPunctuation(rune);

    private static bool IsChinese(int code) => code
        is >= 0x4E00 and <= 0x9FFF or >= 0x3400 and <= 0x4DBF or >= 0x20000 and <= 0x2A6DF or >= 0x2A700 and <= 0x2B73F
        or >= 0x2B740 and <= 0x2B81F or >= 0x2B920 and <= 0x2CEAF or >= 0xF900 and <= 0xFAFF or >= 0x2F800 and <= 0x2FA1F;
}
