using System.Diagnostics.Metrics;
using Realign.Diffusion.Generation;
using Realign.Hosting.Telemetry;

namespace Realign.Generator.Telemetry;

/// <summary>How long steps take: what a call costs is this times its steps.</summary>
internal sealed class DenoisingMetrics(IMeterFactory meters)
{
    private readonly Histogram<double> _steps = meters.Create(ServiceMetrics.Name).CreateHistogram(
        "realign.denoise.step", "s", "How long the denoiser worked on one step of one image.", tags: null, ServiceMetrics.Seconds);

    /// <summary>Counts what is a step.</summary>
    public void Happened(GenerationEvent happened)
    {
        if (happened is StepDone { Step: > 0 } step)
            _steps.Record(step.Took.TotalSeconds, new KeyValuePair<string, object?>("modulated", step.IsModulated ? "true" : "false"));
    }
}
