namespace Realign.Diffusion.Schedulers;

/// <summary>Fields of <see cref="LCMScheduler"/>.</summary>
internal sealed record LCMConfig
{
    private static readonly NoiseConfig Defaults = new() { BetaStart = 0.00085, BetaEnd = 0.012, BetaSchedule = BetaSchedule.ScaledLinear };

    public required NoiseConfig Noise { get; init; }

    public required SampleLimits Limits { get; init; }

    /// <summary>Steps of the schedule that was distilled.</summary>
    public int OriginalInferenceSteps { get; init; }

    /// <summary>Factor on the timestep in the boundary condition.</summary>
    public double TimestepScaling { get; init; }

    public static LCMConfig Read(SchedulerFields fields) => new()
    {
        Noise = NoiseConfig.Read(fields, Defaults),
        Limits = SampleLimits.Read(fields, clips: false),
        OriginalInferenceSteps = fields.Reader.Int("original_inference_steps", 50, min: 1, max: 100_000),
        TimestepScaling = fields.Reader.Double("timestep_scaling", 10, min: 0, max: 1e6),
    };
}
