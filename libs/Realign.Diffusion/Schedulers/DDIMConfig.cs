namespace Realign.Diffusion.Schedulers;

/// <summary>Fields of <see cref="DDIMScheduler"/>.</summary>
internal sealed record DDIMConfig
{
    public required NoiseConfig Noise { get; init; }

    public required SampleLimits Limits { get; init; }

    /// <summary>Whether the alpha after the last step is 1 instead of the first alpha of training.</summary>
    public bool SetAlphaToOne { get; init; }

    public static DDIMConfig Read(SchedulerFields fields) => new()
    {
        Noise = NoiseConfig.Read(fields, new NoiseConfig()),
        Limits = SampleLimits.Read(fields, clips: true),
        SetAlphaToOne = fields.Reader.Bool("set_alpha_to_one", true),
    };
}
