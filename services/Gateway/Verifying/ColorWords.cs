using System.Collections.Frozen;

namespace Realign.Gateway.Verifying;

/// <summary>Which words are colors: the eleven basic color terms of English (Berlin and Kay 1969), and those that the segmenter names.</summary>
/// <param name="named">Names of the segmenter's color table; none where it has no table.</param>
internal sealed class ColorWords(IEnumerable<string> named)
{
    private static readonly FrozenSet<string> _basic = FrozenSet.Create(
        StringComparer.Ordinal, "black", "white", "gray", "red", "green", "yellow", "blue", "brown", "orange", "pink", "purple");

    private readonly HashSet<string> _named = [.. named.Select(Fold)];

    /// <summary>One spelling for each color.</summary>
    public static string Fold(string word) => Words.Fold(word) is var folded && folded == "grey" ? "gray" : folded;

    /// <summary>Whether the segmenter can name this color inside a mask.</summary>
    public bool IsNamed(string word) => _named.Contains(Fold(word));

    /// <summary>Whether a word is a color.</summary>
    public bool Contains(string word) => Fold(word) is var folded && (_basic.Contains(folded) || _named.Contains(folded));

    /// <summary>Whether two words are the same color.</summary>
    public static bool Same(string word, string other) => Fold(word) == Fold(other);
}
