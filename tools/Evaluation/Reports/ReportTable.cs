using System.Globalization;

namespace Realign.Evaluation.Reports;

/// <summary>The figures as rows: of the CSV file, and of the tables of the page and the terminal.</summary>
internal static class ReportTable
{
    /// <summary>Names of the figures with their values, in the order of the tables.</summary>
    public static IReadOnlyList<(string Name, Func<ArmReport, object?> Of)> Figures { get; } =
    [
        ("objects", arm => arm.Objects), ("bound", arm => arm.Bound), ("all bound", arm => arm.AllBound), ("relation", arm => arm.Relation),
        ("all right", arm => arm.Right), ("extra objects", arm => arm.ExtraObjects), ("TIFA-style accuracy", arm => arm.Tifa),
        ("CLIP cosine", arm => arm.Clip), ("Fréchet distance (CLIP)", arm => arm.Frechet), ("all bound against the base", arm => arm.AllBoundAgainstBase),
        ("relation against the base", arm => arm.RelationAgainstBase), ("refined", arm => arm.Refined), ("attempts", arm => arm.Attempts),
        ("seconds", arm => arm.Seconds),
    ];

    /// <summary>The CSV file: a line per set, arm and figure.</summary>
    public static string Csv(RunReport report)
    {
        var lines = new List<string> { "set,arm,figure,value,low,high,n,hits,base,won,lost,p" };
        foreach (var (set, arm) in report.Sets.SelectMany(set => set.Arms.Select(arm => (set, arm))))
        {
            foreach (var (name, of) in Figures)
            {
                object?[]? cells = of(arm) switch
                {
                    Share share => [share.Value, share.Low, share.High, share.Count, share.Hits, null, null, null, null],
                    Mean mean => [mean.Value, mean.Low, mean.High, mean.Count, null, null, null, null, null],
                    FrechetFigure distance => [distance.Value, null, null, distance.Pictures, null, null, null, null, null],
                    Comparison pair => [null, null, null, pair.Pairs, null, pair.Base, pair.Won, pair.Lost, pair.P],
                    _ => null,
                };
                if (cells is not null)
                    lines.Add(string.Join(',', ((object?[])[set.Name, arm.Arm, name, .. cells]).Select(Cell)));
            }
        }

        foreach (var reader in report.Readers)
        {
            foreach (var (name, share) in new[] { ("precision", reader.Precision), ("recall", reader.Recall) })
            {
                if (share is not null)
                {
                    object?[] cells = ["readers", reader.Reader, $"{reader.Claim}: {name}", share.Value, share.Low, share.High, share.Count, share.Hits];
                    lines.Add($"{string.Join(',', cells.Select(Cell))},,,,");
                }
            }
        }

        return string.Join("\n", lines) + "\n";
    }

    /// <summary>A figure for the eye.</summary>
    public static string Text(object? figure) => figure switch
    {
        Share share => Invariant($"{100 * share.Value:0.0} % ({100 * share.Low:0}..{100 * share.High:0}), n {share.Count}"),
        Mean mean => Invariant($"{mean.Value:0.000} ({mean.Low:0.000}..{mean.High:0.000}), n {mean.Count}"),
        FrechetFigure distance => Invariant($"{distance.Value:0.000}, n {distance.Pictures}"),
        Comparison pair => Invariant($"won {pair.Won}, lost {pair.Lost}, p {Probability(pair.P)}"),
        _ => "",
    };

    private static string Probability(double p) => p < 0.001 ? "< 0.001" : p.ToString("0.000", CultureInfo.InvariantCulture);

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);

    private static string Cell(object? value)
    {
        var text = value is double number ? number.ToString("R", CultureInfo.InvariantCulture) : Convert.ToString(value, CultureInfo.InvariantCulture) ?? "";
        return text.AsSpan().ContainsAny(",\"\n\r") ? $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : text;
    }
}
