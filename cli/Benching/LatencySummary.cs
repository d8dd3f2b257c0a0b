using System.Text.Json.Nodes;

namespace Realign.Cli.Benching;

/// <summary>How long calls took, in milliseconds. Percentiles are times that were measured: the smallest one that so many per cent do not exceed.</summary>
internal sealed record LatencySummary(int Count, double Mean, double P50, double P90, double P95, double P99, double Max)
{
    /// <returns>Null where there is none.</returns>
    public static LatencySummary? Of(IEnumerable<double> milliseconds)
    {
        var sorted = milliseconds.ToArray();
        if (sorted.Length == 0)
            return null;
        Array.Sort(sorted);
        return new LatencySummary(sorted.Length, sorted.Average(), At(0.5), At(0.9), At(0.95), At(0.99), sorted[^1]);

        // 0.95 * 20 is a little more than 19 in binary
        double At(double share) => sorted[Math.Max(0, (int)Math.Ceiling((share * sorted.Length) - 1e-9) - 1)];
    }

    public JsonObject ToJson() => new()
    {
        ["count"] = Count,
        ["mean"] = Rounded(Mean),
        ["p50"] = Rounded(P50),
        ["p90"] = Rounded(P90),
        ["p95"] = Rounded(P95),
        ["p99"] = Rounded(P99),
        ["max"] = Rounded(Max),
    };

    private static double Rounded(double value) => Math.Round(value, 3);
}
