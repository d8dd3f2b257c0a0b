using Inference;
using Realign.Hosting.Models;

namespace Realign.OpenInference.Statistics;

/// <summary>Counted calls as messages.</summary>
internal static class StatisticsMessages
{
    /// <summary>The statistics of a model. Times of decoding and encoding are within those of the model's work and its queue.</summary>
    public static ModelStatistics Of(string name, string version, ModelCounts counts)
    {
        var (queue, compute) = (Duration(counts.Queue), Duration(counts.Compute));
        var none = new StatisticDuration { Count = compute.Count };
        var statistics = new ModelStatistics
        {
            Name = name,
            Version = version,
            LastInference = (ulong)(counts.LastSuccess?.ToUnixTimeMilliseconds() ?? 0),
            InferenceCount = (ulong)counts.Success.Count,
            ExecutionCount = compute.Count,
            InferenceStats = new InferStatistics
            {
                Success = Duration(counts.Success),
                Fail = Duration(counts.Failures.Values.Aggregate(default(CountedTime), (sum, failures) => sum.With(failures))),
                Queue = queue,
                ComputeInput = none,
                ComputeInfer = compute,
                ComputeOutput = none,
                CacheHit = new StatisticDuration(),
                CacheMiss = new StatisticDuration(),
            },
        };
        if (compute.Count > 0)
            statistics.BatchStats.Add(new InferBatchStatistics { BatchSize = 1, ComputeInput = none, ComputeInfer = compute, ComputeOutput = none });
        return statistics;
    }

    private static StatisticDuration Duration(CountedTime time) => new() { Count = (ulong)time.Count, Ns = (ulong)time.Nanoseconds };
}
