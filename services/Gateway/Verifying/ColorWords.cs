using System.Collections.Frozen;
using Realign.Gateway.Places;

namespace Realign.Gateway.Verifying;

/// <summary>Which words are colors: the eleven basic color terms of English (Berlin and Kay 1969), and the names that the segmenter uses.</summary>
/// <param name="named">Names of the segmenter's color table.</param>
internal sealed class ColorWords(IEnumerable<string> named)
{
    private static readonly FrozenSet<string> _basic = FrozenSet.Create(
        StringComparer.Ordinal, "black", "white", "gray", "red", "green", "yellow", "blue", "brown", "orange", "pink", "purple");

    private readonly HashSet<string> _named = [.. named.Select(Fold)];

    /// <summary>The colors that are named at these places.</summary>
    public static ColorWords At(IEnumerable<Region> places) => new(places.SelectMany(place => place.Colors).Select(color => color.Name).Distinct());

    /// <summary>One spelling for each color.</summary>
    public static string Fold(string word) => Words.Fold(word) is var folded && folded == "grey" ? "gray" : folded;

    /// <summary>Whether a word is a color.</summary>
    public bool Contains(string word) => Fold(word) is var folded && (_basic.Contains(folded) || _named.Contains(folded));

    /// <summary>Whether two words are the same color.</summary>
    public static bool Same(string word, string other) => Fold(word) == Fold(other);
}
