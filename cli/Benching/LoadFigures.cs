using Grpc.Core;

namespace Realign.Cli.Benching;

/// <summary>What calls of some time came to.</summary>
internal sealed record LoadFigures
{
    /// <summary>How long they were counted.</summary>
    public required double Seconds { get; init; }

    /// <summary>How often each status came.</summary>
    public required IReadOnlyDictionary<StatusCode, int> Codes { get; init; }

    /// <summary>Of calls that ended well; null = none did.</summary>
    public required LatencySummary? Latency { get; init; }

    /// <summary>Until the first message of a stream, of calls that ended well.</summary>
    public required LatencySummary? First { get; init; }

    /// <summary>Of calls that were answered RESOURCE_EXHAUSTED.</summary>
    public required LatencySummary? Refusal { get; init; }

    /// <summary>How much later than due calls were made: above a few milliseconds this machine is what was measured.</summary>
    public required LatencySummary? Lag { get; init; }

    public int Ok => Codes.GetValueOrDefault(StatusCode.OK);

    /// <summary>Calls a second that ended well, within their deadlines.</summary>
    public double Goodput => Ok / Seconds;

    public int Ended => Codes.Values.Sum();

    public static LoadFigures Of(IReadOnlyList<CallSample> samples, TimeSpan time)
    {
        var well = samples.Where(sample => sample.Code == StatusCode.OK).ToList();
        return new LoadFigures
        {
            Seconds = time.TotalSeconds,
            Codes = samples.GroupBy(sample => sample.Code).OrderBy(group => group.Key).ToDictionary(group => group.Key, group => group.Count()),
            Latency = LatencySummary.Of(well.Select(sample => sample.Milliseconds)),
            First = LatencySummary.Of(well.Where(sample => sample.First is not null).Select(sample => (sample.First!.Value - sample.Due).TotalMilliseconds)),
            Refusal = LatencySummary.Of(samples.Where(sample => sample.Code == StatusCode.ResourceExhausted).Select(sample => sample.Milliseconds)),
            Lag = LatencySummary.Of(samples.Select(sample => (sample.Begun - sample.Due).TotalMilliseconds)),
        };
    }
}
