using System.Text;
using Realign.Tokenizers.Text;

namespace Realign.Tokenizers.Llama3;

/// <summary>
/// Splits text as Llama-3 does: contractions of any case, words with one leading symbol or blank, numbers of up to three digits, symbols with the line
/// breaks behind them, line breaks, other white space. A scanner over code points.
/// </summary>
internal static class Llama3Pieces
{
    private static readonly string[] _contractions = ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d"];

    /// <summary>End of the piece that starts at an offset.</summary>
    public static int End(ReadOnlySpan<char> text, int start)
    {
        foreach (var contraction in _contractions)
        {
            if (text[start..].StartsWith(contraction, StringComparison.OrdinalIgnoreCase))
                return start + contraction.Length;
        }

        // (?i:'s) also matches U+017F, the long s
        if (text[start] == '\'' && start + 1 < text.Length && text[start + 1] == '\u017F')
            return start + 2;
        var first = Unicode.At(text, start, out var length);
        if (Unicode.IsLetter(first))
            return Run(text, start, Unicode.IsLetter);
        var second = start + length;
        if (!IsLineBreak(first) && !Unicode.IsNumber(first) && second < text.Length && Unicode.IsLetter(Unicode.At(text, second, out _)))
            return Run(text, second, Unicode.IsLetter);
        if (Unicode.IsNumber(first))
            return Numbers(text, start);
        var symbols = first.Value == ' ' ? second : start;
        if (symbols < text.Length && IsSymbol(Unicode.At(text, symbols, out _)))
            return Run(text, Run(text, symbols, IsSymbol), IsLineBreak);
        return WhiteSpace(text, start);
    }

    private static int Numbers(ReadOnlySpan<char> text, int start)
    {
        var end = start;
        for (var count = 0; count < 3 && end < text.Length && Unicode.IsNumber(Unicode.At(text, end, out var length)); count++)
            end += length;
        return end;
    }

    // \s*[\r\n]+ | \s+(?!\S) | \s+
    private static int WhiteSpace(ReadOnlySpan<char> text, int start)
    {
        var end = Run(text, start, Unicode.IsSpace);
        var lastBreak = text[start..end].LastIndexOfAny('\r', '\n');
        if (lastBreak >= 0)
            return start + lastBreak + 1;
        // every white space character is one UTF-16 unit
        return end < text.Length && end - start > 1 ? end - 1 : end;
    }

    private static int Run(ReadOnlySpan<char> text, int start, Func<Rune, bool> belongs)
    {
        var end = start;
        while (end < text.Length && belongs(Unicode.At(text, end, out var length)))
            end += length;
        return end;
    }

    private static bool IsLineBreak(Rune rune) => rune.Value is '\r' or '\n';

    private static bool IsSymbol(Rune rune) => !Unicode.IsSpace(rune) && !Unicode.IsLetter(rune) && !Unicode.IsNumber(rune);
}
