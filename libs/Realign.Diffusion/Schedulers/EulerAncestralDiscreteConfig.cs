namespace Realign.Diffusion.Schedulers;

/// <summary>Fields of <see cref="EulerAncestralDiscreteScheduler"/>.</summary>
internal sealed record EulerAncestralDiscreteConfig
{
    public required NoiseConfig Noise { get; init; }

    public static EulerAncestralDiscreteConfig Read(SchedulerFields fields) => new() { Noise = NoiseConfig.Read(fields, SigmaScheduler.NoiseDefaults) };
}
