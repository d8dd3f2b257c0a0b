namespace Realign.Diffusion.Schedulers;

/// <summary>Fields of <see cref="TCDScheduler"/>.</summary>
internal sealed record TCDConfig
{
    private static readonly NoiseConfig Defaults = new() { BetaStart = 0.00085, BetaEnd = 0.012, BetaSchedule = BetaSchedule.ScaledLinear };

    public required NoiseConfig Noise { get; init; }

    /// <summary>Steps of the schedule that was distilled.</summary>
    public int OriginalInferenceSteps { get; init; }

    public static TCDConfig Read(SchedulerFields fields) => new()
    {
        Noise = NoiseConfig.Read(fields, Defaults),
        OriginalInferenceSteps = fields.Reader.Int("original_inference_steps", 50, min: 1, max: 100_000),
    };
}
