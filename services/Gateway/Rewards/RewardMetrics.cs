using System.Diagnostics.Metrics;
using Realign.Hosting.Telemetry;
using Realign.V1;
using Realign.Wire.Requests;

namespace Realign.Gateway.Rewards;

/// <summary>What rewards come to, each before its weight: a training that has found a way around one shows here.</summary>
internal sealed class RewardMetrics(IMeterFactory meters)
{
    // cosines, probabilities, and the wider scales of ImageReward, PickScore and the aesthetic score
    private static readonly InstrumentAdvice<double> Scores = new()
    {
        HistogramBucketBoundaries = [-5, -2, -1, -0.5, -0.2, 0, 0.1, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 2, 5, 10, 20, 50],
    };

    private readonly Histogram<double> _scores = meters.Create(ServiceMetrics.Name).CreateHistogram(
        "realign.reward.score", null, "Rewards of pairs, by kind.", tags: null, Scores);

    /// <summary>Counts the answer for one pair.</summary>
    public void Scored(RewardKind kind, double value) =>
        _scores.Record(value, new KeyValuePair<string, object?>("reward", ProtoNames.Short(kind).ToLowerInvariant()));
}
