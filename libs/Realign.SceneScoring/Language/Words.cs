using System.Collections.Frozen;
using System.Globalization;

namespace Realign.SceneScoring.Language;

/// <summary>The few English words that the rules know.</summary>
internal static class Words
{
    private static readonly FrozenSet<string> Determiners = Set(
        "a an the this these those its his her their my your our some any each every another several many few");

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
        ["dozen"] = 12,
    }.ToFrozenDictionary();

    private static readonly FrozenSet<string> Negations = Set("no without not except none neither never nothing minus excluding lacking");

    private static readonly FrozenSet<string> Copulas = Set("is are was were looks look");

    private static readonly FrozenSet<string> Boundaries = Set(
        // prepositions
        "in on at of with under over above below beside besides behind near next to between against along around across through into onto from "
        + "by inside outside beneath underneath atop toward towards up down off for during before after amid among as like than left right "
        + "front top full "
        // conjunctions, pronouns
        + "and or nor but while where which who that just there only very it they he she directly immediately slightly");

    private static readonly FrozenSet<string> Verbs = Set(
        "stands sits lies runs flies holds wears rides plays eats sleeps jumps walks swims sings dances smiles carries chases catches climbs leans rests "
        + "hangs floats grows");

    private static readonly FrozenSet<string> Auxiliaries = Set("be been has have having made do does did should");

    private static readonly FrozenSet<string> Showing = Set("show include have contain draw add paint depict be");

    private static readonly FrozenSet<string> Places = Set("left right front top full only very");

    public static bool IsDeterminer(string word) => Determiners.Contains(word);

    public static bool IsNegation(string word) =>
        Negations.Contains(word) || word.EndsWith("n't", StringComparison.Ordinal) || word.EndsWith("n’t", StringComparison.Ordinal);

    /// <summary>Whether a negation reaches over a verb to what follows it: <c>do not show a dog</c>.</summary>
    public static bool IsShowing(string word) => Showing.Contains(word);

    /// <summary>Whether a word is a verb that may say what an object does.</summary>
    public static bool IsVerb(string word) => Verbs.Contains(word);

    public static bool IsCopula(string word) => Copulas.Contains(word);

    public static bool IsBoundary(string word) =>
        Boundaries.Contains(word) || Verbs.Contains(word) || Auxiliaries.Contains(word) || Copulas.Contains(word) || IsNegation(word);

    /// <summary>Whether a boundary word may also stand between an article and its noun: <c>the left car</c>, <c>a very old car</c>.</summary>
    public static bool MayFollowArticle(string word) => Places.Contains(word);

    /// <summary>Value of a number word or up to three digits; 0 when it is none.</summary>
    public static int Number(string word) =>
        Numbers.TryGetValue(word, out var value) ? value
        : word.Length is > 0 and <= 3 && word.All(char.IsAsciiDigit) ? int.Parse(word, CultureInfo.InvariantCulture)
        : 0;

    /// <summary>Whether an opening word says that one is meant: <c>a</c>, <c>another</c>, <c>one</c>.</summary>
    public static bool IsSingular(string opener) => opener is "a" or "an" or "this" or "that" or "each" or "every" or "another" or "one" or "1";

    /// <summary>Whether an opening word speaks of something new, not of what was named before.</summary>
    public static bool IsIndefinite(string opener) =>
        opener is "a" or "an" or "another" or "some" or "any" or "several" or "many" or "few" || Number(opener) > 0;

    public static FrozenSet<string> Set(string words) => words.Split(' ').ToFrozenSet(StringComparer.Ordinal);
}
