using System.Collections.Frozen;

namespace Realign.SceneScoring.Language;

/// <summary>Number of nouns, and nouns that are no objects.</summary>
internal static class Nouns
{
    private static readonly FrozenSet<string> Backgrounds = Words.Set(
        "scene surface area room street sky sea night day field grass snow water wall air background foreground photo picture image "
        + "photograph painting drawing "
        + "illustration view style side middle center centre corner bottom sunset sunrise morning evening afternoon light time way world "
        + "space ground floor place "
        + "front left right top distance weather rain storm sun sunlight shadow city town country nature landscape horizon home indoors "
        + "outdoors road path "
        + "lot pair set group bunch stack slice piece "
        + "masterpiece quality resolution focus detail detailed lighting 4k 8k hdr artstation wallpaper render portrait closeup close-up");

    private static readonly FrozenDictionary<string, string> Irregular = new Dictionary<string, string>
    {
        ["men"] = "man",
        ["women"] = "woman",
        ["children"] = "child",
        ["people"] = "person",
        ["mice"] = "mouse",
        ["feet"] = "foot",
        ["teeth"] = "tooth",
        ["geese"] = "goose",
        ["leaves"] = "leaf",
        ["knives"] = "knife",
        ["wolves"] = "wolf",
        ["shelves"] = "shelf",
        ["loaves"] = "loaf",
        ["scarves"] = "scarf",
        ["halves"] = "half",
        ["calves"] = "calf",
        ["oxen"] = "ox",
        ["shoes"] = "shoe",
        ["canoes"] = "canoe",
        ["taxis"] = "taxi",
        ["skis"] = "ski",
        ["buses"] = "bus",
        ["glasses"] = "glass",
        ["dresses"] = "dress",
        ["movies"] = "movie",
        ["cookies"] = "cookie",
        ["ties"] = "tie",
        ["pies"] = "pie",
        ["lens"] = "lens",
        ["canvas"] = "canvas",
        ["atlas"] = "atlas",
    }.ToFrozenDictionary();

    /// <summary>Whether a noun is a place, a time, a style or a measure, and so no object.</summary>
    public static bool IsBackground(string noun) => Backgrounds.Contains(noun);

    /// <summary>A noun in the singular.</summary>
    public static string Singular(string word)
    {
        if (Irregular.TryGetValue(word, out var singular))
            return singular;
        if (word.Length < 4 || !word.EndsWith('s') || word[^2] is 's' or 'u' || word.EndsWith("is", StringComparison.Ordinal))
            return word;
        if (word.EndsWith("ies", StringComparison.Ordinal) && word.Length > 4)
            return word[..^3] + "y";
        foreach (var ending in new[] { "ches", "shes", "xes", "zes", "oes", "sses" })
        {
            if (word.EndsWith(ending, StringComparison.Ordinal))
                return word[..^2];
        }

        return word[..^1];
    }

    /// <summary>Whether two words are one noun, in whatever number.</summary>
    public static bool Same(string left, string right) => left == right || Singular(left) == Singular(right);
}
