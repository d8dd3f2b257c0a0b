using System.Globalization;

namespace Realign.Gateway.Realigning;

/// <summary>How many of an object a phrase asks for: "a red car" one, "two cats" two, "red cars" not said.</summary>
internal static class PhraseCount
{
    private static readonly string[] Words = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"];

    public static int? Of(string phrase)
    {
        var first = phrase.Split(' ', 2, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).FirstOrDefault("");
        if (first.Equals("a", StringComparison.OrdinalIgnoreCase) || first.Equals("an", StringComparison.OrdinalIgnoreCase))
            return 1;
        var word = Array.FindIndex(Words, candidate => candidate.Equals(first, StringComparison.OrdinalIgnoreCase));
        if (word >= 0)
            return word + 1;
        return int.TryParse(first, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is >= 1 and <= 64 ? number : null;
    }
}
