namespace Realign.Core.Text;

/// <summary>What a name was probably meant to be.</summary>
public static class NearestName
{
    // letters that may be wrong, missing or too many, and the share of the name that they may be
    private const int MaxDistance = 3;
    private const int MinShare = 4;

    /// <summary>The candidate with the fewest single-letter edits, the first of equals; null = none is near.</summary>
    public static string? Of(string name, IEnumerable<string> candidates)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(candidates);
        var limit = Math.Min(MaxDistance, name.Length / MinShare);
        string? best = null;
        foreach (var candidate in candidates)
        {
            if (Distance(name, candidate, limit) is not { } distance)
                continue;
            (best, limit) = (candidate, distance - 1);
        }

        return best;
    }

    /// <summary>Edits from one to the other (Levenshtein); null = more than the limit.</summary>
    private static int? Distance(string from, string to, int limit)
    {
        if (Math.Abs(from.Length - to.Length) > limit)
            return null;
        var row = Enumerable.Range(0, to.Length + 1).ToArray();
        for (var i = 1; i <= from.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= to.Length; j++)
            {
                var changed = diagonal + (from[i - 1] == to[j - 1] ? 0 : 1);
                (diagonal, row[j]) = (row[j], Math.Min(changed, Math.Min(row[j], row[j - 1]) + 1));
            }

            if (row.Min() > limit)
                return null;
        }

        return row[^1] <= limit ? row[^1] : null;
    }
}
