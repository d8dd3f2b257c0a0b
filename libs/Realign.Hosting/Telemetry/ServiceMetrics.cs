using System.Diagnostics;
using System.Diagnostics.Metrics;
using Grpc.Core;
using Realign.Hosting.Models;

namespace Realign.Hosting.Telemetry;

/// <summary>
/// What an operator sees of a service: its calls, and the queue, the work and the state of each of its models. Labels are names of methods, models, states and
/// reasons, never anything of a caller.
/// </summary>
public sealed class ServiceMetrics : IDisposable
{
    /// <summary>Name of the meter and of the source of activities.</summary>
    public const string Name = "Realign";

    /// <summary>Buckets of durations in seconds: 5 ms to 10 minutes.</summary>
    public static readonly InstrumentAdvice<double> Seconds = new()
    {
        HistogramBucketBoundaries = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600],
    };

    private static readonly InstrumentAdvice<int> Calls = new() { HistogramBucketBoundaries = [1, 2, 4, 8, 16, 32, 64] };

    private readonly Meter _meter;
    private readonly Histogram<double> _calls;
    private readonly Histogram<double> _waits;
    private readonly Histogram<double> _work;
    private readonly Histogram<double> _idle;
    private readonly Histogram<int> _batches;
    private readonly Counter<long> _refusals;
    private readonly UpDownCounter<long> _inProgress;

    /// <summary>Makes the instruments.</summary>
    /// <param name="meters">Of the process.</param>
    public ServiceMetrics(IMeterFactory meters)
    {
        ArgumentNullException.ThrowIfNull(meters);
        _meter = meters.Create(Name);
        _calls = Histogram("rpc.server.call.duration", "From the first byte of a call to its status.");
        _waits = Histogram("realign.queue.wait", "How long a call waited for its model.");
        _work = Histogram("realign.model.duration", "How long a model worked on a call.");
        _idle = Histogram("realign.model.cancel_to_idle", "From the moment its caller left until the model was free.");
        _batches = _meter.CreateHistogram(
            "realign.model.batch_size", "{call}", "Calls that a model worked on in one pass, where it can take several.", tags: null, Calls);
        _inProgress = _meter.CreateUpDownCounter<long>("realign.calls_in_progress", null, "Calls that have begun and not ended.");
        _refusals = _meter.CreateCounter<long>("realign.queue.refusals", null, "Calls that a queue refused or gave up, by reason.");
    }

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();

    /// <summary>Begins to report the queues and the states of these models, asked for at each report, until this is disposed.</summary>
    internal void Watch(Func<IEnumerable<IModelState>> models)
    {
        _ = _meter.CreateObservableGauge(
            "realign.queue.length", () => models().Select(model => Measure(model.QueueLength, model)), null, "Calls that wait now.");
        _ = _meter.CreateObservableGauge(
            "realign.queue.depth", () => models().Select(model => Measure(model.QueueDepth, model)), null, "Calls that wait or are worked on now.");
        _ = _meter.CreateObservableGauge(
            "realign.model.state", () => models().SelectMany(States), null, "1 for the state that a model is in, 0 for the others.");
    }

    internal void Begins(string method) => _inProgress.Add(1, MethodOf(method));

    internal void Called(string method, StatusCode code, TimeSpan duration)
    {
        var name = MethodOf(method);
        _inProgress.Add(-1, name);
        _calls.Record(duration.TotalSeconds, name, new("rpc.response.status_code", code.ToString()));
    }

    internal void Waited(string model, TimeSpan time) => _waits.Record(time.TotalSeconds, Of(model));

    internal void Worked(string model, TimeSpan time) => _work.Record(time.TotalSeconds, Of(model));

    internal void Joined(string model, int calls) => _batches.Record(calls, Of(model));

    internal void BecameIdle(string model, TimeSpan sinceCallerLeft) => _idle.Record(sinceCallerLeft.TotalSeconds, Of(model));

    internal void Refused(string model, string reason) => _refusals.Add(1, new TagList { { "model", model }, { "reason", reason } });

    private Histogram<double> Histogram(string name, string description) => _meter.CreateHistogram(name, "s", description, tags: null, Seconds);

    private static KeyValuePair<string, object?> MethodOf(string path) => new("rpc.method", path.TrimStart('/'));

    private static TagList Of(string model) => new() { { "model", model } };

    private static Measurement<long> Measure(long value, IModelState model) => new(value, new KeyValuePair<string, object?>("model", model.Name));

    private static IEnumerable<Measurement<long>> States(IModelState model)
    {
        var now = model.Status;
        return Enum.GetValues<ModelStatus>().Select(state => new Measurement<long>(
            state == now ? 1 : 0, new("model", model.Name), new("state", state.ToString().ToLowerInvariant())));
    }
}
