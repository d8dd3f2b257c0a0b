using System.Globalization;
using Grpc.Core;

namespace Realign.Cli.Benching;

/// <summary>Goes through the loads that were asked for, one after the other.</summary>
/// <param name="measurement">Measures one.</param>
/// <param name="tenants">Whose calls are made.</param>
/// <param name="isPoisson">Whether arrivals of open loops are random.</param>
/// <param name="say">Told where it is.</param>
internal sealed class BenchRunner(LoadMeasurement measurement, TenantShares tenants, bool isPoisson, Action<string> say)
{
    /// <summary>Milliseconds; a sender that is later cannot be told from a service that is.</summary>
    private const double SlowSender = 20;

    /// <summary>Measures callers who wait for their answers.</summary>
    public async Task ClosedAsync(BenchResult result, IEnumerable<int> levels, CancellationToken cancellationToken)
    {
        foreach (var level in levels)
            result.Points.Add(await MeasureAsync(new ClosedLoop(level, tenants), cancellationToken));
    }

    /// <summary>Measures calls by the clock.</summary>
    public async Task OpenAsync(BenchResult result, IEnumerable<double> rates, CancellationToken cancellationToken)
    {
        foreach (var rate in rates)
            result.Points.Add(await MeasureAsync(new OpenLoop(rate, isPoisson, tenants), cancellationToken));
    }

    /// <summary>Measures calls by the clock at multiples of the best goodput so far.</summary>
    /// <exception cref="CliException">No call has ended well.</exception>
    public async Task OverloadAsync(BenchResult result, IEnumerable<double> multiples, CancellationToken cancellationToken)
    {
        var peak = result.Peak;
        if (peak <= 0)
            throw new CliException("no call ended well, so there is no peak to overload: give calls more time with --deadline", ExitCodes.Failure);
        foreach (var multiple in multiples)
        {
            var point = await MeasureAsync(new OpenLoop(multiple * peak, isPoisson, tenants), cancellationToken);
            result.Points.Add(point with { Multiple = multiple });
        }
    }

    private async Task<LoadPoint> MeasureAsync(ILoad load, CancellationToken cancellationToken)
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"{load.Kind} {load.Level:0.##}");
        say($"{name}: warming up");
        var point = await measurement.RunAsync(load, tenants.Names, windows => say(Describe(name, windows)), cancellationToken);
        if (point.Kind != ClosedLoop.KindName && point.Figures.Lag is { P99: > SlowSender } lag)
            say(string.Create(CultureInfo.InvariantCulture,
                $"{name}: calls were made up to {lag.P99:0} ms late (p99): this machine, not the service alone, is what was measured"));
        return point;
    }

    private static string Describe(string name, IReadOnlyList<LoadWindow> windows)
    {
        var last = windows[^1].Figures;
        return string.Create(CultureInfo.InvariantCulture,
            $"{name}: window {windows.Count}, {BenchTable.Number(last.Goodput)} answers/s, mean {BenchTable.Number(last.Latency?.Mean ?? 0)} ms")
            + (last.Codes.GetValueOrDefault(StatusCode.ResourceExhausted) is > 0 and var refused
                ? string.Create(CultureInfo.InvariantCulture, $", {refused} refused") : "")
            + (StabilityRule.IsStable(windows) ? ", stable" : "");
    }
}
