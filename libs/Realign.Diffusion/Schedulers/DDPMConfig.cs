namespace Realign.Diffusion.Schedulers;

/// <summary>Fields of <see cref="DDPMScheduler"/>.</summary>
internal sealed record DDPMConfig
{
    public required NoiseConfig Noise { get; init; }

    public required SampleLimits Limits { get; init; }

    public VarianceType VarianceType { get; init; }

    public static DDPMConfig Read(SchedulerFields fields) => new()
    {
        Noise = NoiseConfig.Read(fields, new NoiseConfig()),
        Limits = SampleLimits.Read(fields, clips: true),
        VarianceType = fields.OneOf("variance_type", VarianceType.FixedSmall,
            ("fixed_small", VarianceType.FixedSmall), ("fixed_small_log", VarianceType.FixedSmallLog), ("fixed_large", VarianceType.FixedLarge)),
    };
}
