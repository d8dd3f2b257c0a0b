using System.Collections.Frozen;

namespace Realign.SceneScoring.Language;

/// <summary>The few English words that the rules know, and number of nouns.</summary>
internal static class Words
{
    private static readonly FrozenSet<string> Determiners = Set("a an the this these those its his her their my your our some any each every another several many few");

    private static readonly FrozenDictionary<string, int> Numbers = new Dictionary<string, int>
    {
        ["one"] = 1,
        ["two"] = 2,
        ["three"] = 3,
        ["four"] = 4,
        ["five"] = 5,
        ["six"] = 6,
        ["seven"] = 7,
        ["eight"] = 8,
        ["nine"] = 9,
        ["ten"] = 10,
        ["eleven"] = 11,
        ["twelve"] = 12,
    }.ToFrozenDictionary();

    private static readonly FrozenSet<string> Negations = Set("no without not except none");

    private static readonly FrozenSet<string> Copulas = Set("is are was were looks look");

    private static readonly FrozenSet<string> Boundaries = Set(
        "in on at of with under over above below beside besides behind near next to between against along around across through into onto from by inside outside "
        + "beneath underneath atop toward towards up down off for during before after amid among as like than and or but while where which who that just there "
        + "be been has have having left right front top full stands sits lies runs flies holds wears rides plays only very it they he she");

    private static readonly FrozenSet<string> Backgrounds = Set(
        "scene surface area room street sky sea night day field grass snow water wall air background foreground photo picture image photograph painting drawing "
        + "illustration view style side middle center centre corner bottom sunset sunrise morning evening afternoon light time way world space ground floor place "
        + "front left right top distance weather rain storm sun sunlight shadow city town country nature landscape horizon home indoors outdoors road path lot pair set group bunch stack slice piece");

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
    }.ToFrozenDictionary();

    public static bool IsDeterminer(string word) => Determiners.Contains(word);

    public static bool IsNegation(string word) => Negations.Contains(word);

    public static bool IsCopula(string word) => Copulas.Contains(word);

    public static bool IsBoundary(string word) => Boundaries.Contains(word) || Copulas.Contains(word) || Negations.Contains(word);

    public static bool IsBackground(string noun) => Backgrounds.Contains(noun);

    /// <summary>Value of a number word or up to three digits; 0 when it is none.</summary>
    public static int Number(string word) =>
        Numbers.TryGetValue(word, out var value) ? value : word.Length <= 3 && word.All(char.IsAsciiDigit) ? int.Parse(word, System.Globalization.CultureInfo.InvariantCulture) : 0;

    /// <summary>A noun in the singular.</summary>
    public static string Singular(string word)
    {
        if (Irregular.TryGetValue(word, out var singular))
            return singular;
        if (word.Length < 4 || !word.EndsWith('s') || word.EndsWith("ss", StringComparison.Ordinal) || word.EndsWith("us", StringComparison.Ordinal) || word.EndsWith("is", StringComparison.Ordinal))
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
    public static bool SameNoun(string left, string right) => left == right || Singular(left) == Singular(right);

    private static FrozenSet<string> Set(string words) => words.Split(' ').ToFrozenSet(StringComparer.Ordinal);
}
