using System.Text;
using Realign.Tokenizers.Text;

namespace Realign.Tokenizers.Clip;

/// <summary>
/// Splits normalized text as CLIP does: contractions, runs of letters, single numbers, runs of anything else; blanks separate. A scanner over
/// code points, because a UTF-16 regular expression takes letters beyond U+FFFF for symbols.
/// </summary>
internal static class ClipPieces
{
    private static readonly string[] _contractions = ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d"];

    /// <summary>End of the piece that starts at an offset, which is not on a blank.</summary>
    public static int End(ReadOnlySpan<char> text, int start)
    {
        foreach (var contraction in _contractions)
        {
            if (text[start..].StartsWith(contraction, StringComparison.Ordinal))
                return start + contraction.Length;
        }

        var first = Unicode.At(text, start, out var length);
        var end = start + length;
        if (Unicode.IsNumber(first))
            return end;
        var letters = Unicode.IsLetter(first);
        while (end < text.Length && Unicode.At(text, end, out length) is var next && (letters ? Unicode.IsLetter(next) : IsOther(next)))
            end += length;
        return end;
    }

    private static bool IsOther(Rune rune) => !Unicode.IsSpace(rune) && !Unicode.IsLetter(rune) && !Unicode.IsNumber(rune);
}
