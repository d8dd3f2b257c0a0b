using System.Diagnostics.Metrics;
using Realign.Hosting.Models;
using Realign.Hosting.Telemetry;
using Realign.OpenInference.Models;

namespace Realign.OpenInference.Telemetry;

/// <summary>
/// Calls of models under the names that Triton has for them, so that dashboards and scalers made for it work. They only rise, but are reported as gauges:
/// the exporter would append <c>_total</c> to the names of counters.
/// </summary>
internal sealed class TritonMetrics(IMeterFactory meters, ModelCatalog catalog)
{
    /// <summary>Begins to report.</summary>
    public void Watch()
    {
        var meter = meters.Create(ServiceMetrics.Name);
        Add("nv_inference_request_success", "Requests that got an answer.", counts => counts.Success.Count);
        Add("nv_inference_count", "Inferences of these requests.", counts => counts.Success.Count);
        Add("nv_inference_exec_count", "Runs of the model.", counts => counts.Compute.Count);
        Add("nv_inference_request_duration_us", "Microseconds of requests that got an answer, from their arrival.", counts => Microseconds(counts.Success));
        Add("nv_inference_queue_duration_us", "Microseconds that requests waited.", counts => Microseconds(counts.Queue));
        Add("nv_inference_compute_infer_duration_us", "Microseconds that the model worked.", counts => Microseconds(counts.Compute));
        _ = meter.CreateObservableUpDownCounter("nv_inference_request_failure", () => catalog.All.SelectMany(model =>
            model.Counts.Failures.Select(failure => new Measurement<long>(failure.Value.Count,
                [.. Labels(model), new("reason", failure.Key.ToString().ToUpperInvariant())]))), null, "Requests that failed, by reason.");
        _ = meter.CreateObservableGauge("nv_inference_pending_request_count", () => catalog.All.Where(model => model.Served is not null).Select(model =>
            new Measurement<long>(model.Served!.QueueLength, Labels(model))), null, "Requests that wait.");

        void Add(string name, string description, Func<ModelCounts, long> read) => _ = meter.CreateObservableUpDownCounter(
            name, () => catalog.All.Select(model => new Measurement<long>(read(model.Counts), Labels(model))), null, description);
    }

    private static long Microseconds(CountedTime time) => (long)time.Total.TotalMicroseconds;

    private static KeyValuePair<string, object?>[] Labels(IInferenceModel model) =>
        [new("model", model.Signature.Name), new("version", ModelCatalog.VersionOf(model))];
}
