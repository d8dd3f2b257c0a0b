namespace Realign.OpenInference.Tensors;

/// <summary>Rows of different lengths as one tensor.</summary>
public static class RaggedRows
{
    /// <summary>Length of the longest.</summary>
    public static int Width<T>(IReadOnlyList<IReadOnlyList<T>> rows)
    {
        ArgumentNullException.ThrowIfNull(rows);
        return rows.Max(row => row.Count);
    }

    /// <summary>All of them one after another, shorter ones filled up at their end.</summary>
    public static T[] Pad<T>(IReadOnlyList<IReadOnlyList<T>> rows, T filler)
    {
        var width = Width(rows);
        return [.. rows.SelectMany(row => row.Concat(Enumerable.Repeat(filler, width - row.Count)))];
    }
}
