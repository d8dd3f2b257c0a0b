using System.Text.RegularExpressions;

namespace Realign.SceneScoring.Language;

/// <summary>A word of a prompt.</summary>
/// <param name="Text">Lower case, without punctuation; a possessive has lost its ending.</param>
/// <param name="Mark">What follows it before the next word.</param>
internal sealed partial record Token(string Text, Mark Mark)
{
    /// <summary>Cuts a text into words. Prompt weights, <c>(red car:1.3)</c>, are taken off; the words inside stay.</summary>
    public static List<Token> Read(string text)
    {
        var tokens = new List<Token>();
        foreach (Match match in Piece().Matches(Weight().Replace(text.ToLowerInvariant(), ")")))
        {
            if (match.Groups["word"].Success)
                tokens.Add(new Token(Bare(match.Value), Mark.None));
            else if (tokens.Count > 0)
                tokens[^1] = tokens[^1] with { Mark = Stronger(tokens[^1].Mark, match.Value) };
        }

        return tokens;
    }

    private static Mark Stronger(Mark mark, string symbol)
    {
        var own = symbol switch
        {
            "," or "/" or "&" => Mark.Comma,
            "(" or ")" or "[" or "]" or "{" or "}" or "+" or "*" or "\"" or "“" or "”" => Mark.Bracket,
            _ => Mark.Stop,
        };
        return own > mark ? own : mark;
    }

    private static string Bare(string word) =>
        word.EndsWith("'s", StringComparison.Ordinal) || word.EndsWith("’s", StringComparison.Ordinal) ? word[..^2] : word;

    [GeneratedRegex(@"(?<word>[\p{L}\p{M}\p{N}]+(?:[-'’][\p{L}\p{M}\p{N}]+)*)|\S", RegexOptions.CultureInvariant)]
    private static partial Regex Piece();

    [GeneratedRegex(@":\s*[0-9]*\.?[0-9]+\s*\)", RegexOptions.CultureInvariant)]
    private static partial Regex Weight();
}
