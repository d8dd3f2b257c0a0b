namespace Realign.Diffusion.Schedulers;

/// <summary>Fields of the samplers of Karras et al. 2022 and their relatives, which need no more than noise levels.</summary>
internal sealed record SigmaSamplerConfig
{
    public required NoiseConfig Noise { get; init; }

    public SigmaSpacing SigmaSpacing { get; init; }

    public static SigmaSamplerConfig Read(SchedulerFields fields) => new()
    {
        Noise = NoiseConfig.Read(fields, SigmaScheduler.NoiseDefaults),
        SigmaSpacing = fields.SigmaSpacing(),
    };
}
