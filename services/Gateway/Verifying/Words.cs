using Realign.Core.Text;

namespace Realign.Gateway.Verifying;

/// <summary>Compares words of readers with words of the demand.</summary>
internal static class Words
{
    /// <summary>Composed, in small letters.</summary>
    public static string Fold(string word) => CanonicalForm.Compose(word).ToLowerInvariant();

    /// <summary>"a red car", "an elephant": by the first letter, as English mostly does.</summary>
    public static string WithArticle(string words) => words.Length > 0 && "aeiou".Contains(char.ToLowerInvariant(words[0])) ? $"an {words}" : $"a {words}";

    /// <summary>The words of a text, folded; punctuation is a word of its own.</summary>
    public static List<string> Split(string text)
    {
        var words = new List<string>();
        var start = -1;
        var folded = Fold(text);
        for (var i = 0; i <= folded.Length; i++)
        {
            var isLetter = i < folded.Length && (char.IsLetterOrDigit(folded[i]) || folded[i] is '-' or '\'');
            if (isLetter && start < 0)
                start = i;
            if (isLetter)
                continue;
            if (start >= 0)
                words.Add(folded[start..i]);
            start = -1;
            if (i < folded.Length && !char.IsWhiteSpace(folded[i]))
                words.Add(folded[i..(i + 1)]);
        }

        return words;
    }

    /// <summary>Whether a word is a noun in the singular or the plural.</summary>
    /// <param name="word">Folded.</param>
    /// <param name="noun">Folded, in the singular.</param>
    public static bool IsNoun(string word, string noun) =>
        word == noun || word == noun + "s" || word == noun + "es" || (noun.EndsWith('y') && word == noun[..^1] + "ies");
}
