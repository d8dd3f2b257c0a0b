namespace Realign.Cli.Benching;

/// <summary>What was measured at one load.</summary>
internal sealed record LoadPoint
{
    /// <summary>What <see cref="Level"/> counts.</summary>
    public required string Kind { get; init; }

    /// <summary>Calls at once, or calls a second.</summary>
    public required double Level { get; init; }

    /// <summary>Of an overload curve: the rate as a multiple of the peak.</summary>
    public double? Multiple { get; init; }

    /// <summary>Whether the last windows agree.</summary>
    public required bool IsStable { get; init; }

    /// <summary>Figures of every window.</summary>
    public required IReadOnlyList<LoadFigures> Windows { get; init; }

    /// <summary>Figures of the last windows together.</summary>
    public required LoadFigures Figures { get; init; }

    /// <summary>The same for each tenant.</summary>
    public required IReadOnlyList<(string Name, LoadFigures Figures)> Tenants { get; init; }

    public static LoadPoint Of(ILoad load, IReadOnlyList<LoadWindow> windows, IReadOnlyList<string> tenants)
    {
        var last = windows.TakeLast(StabilityRule.Windows).ToList();
        List<CallSample> samples = [.. last.SelectMany(window => window.Samples)];
        var time = last.Aggregate(TimeSpan.Zero, (sum, window) => sum + window.Length);
        return new LoadPoint
        {
            Kind = load.Kind,
            Level = load.Level,
            IsStable = StabilityRule.IsStable(windows),
            Windows = [.. windows.Select(window => window.Figures)],
            Figures = LoadFigures.Of(samples, time),
            Tenants = [.. tenants.Select(name => (name, LoadFigures.Of([.. samples.Where(sample => sample.Tenant == name)], time)))],
        };
    }
}
