namespace Realign.Diffusion.Schedulers;

/// <summary>Fields of <see cref="PNDMScheduler"/>.</summary>
internal sealed record PNDMConfig
{
    public required NoiseConfig Noise { get; init; }

    /// <summary>Whether the alpha after the last step is 1 instead of the first alpha of training.</summary>
    public bool SetAlphaToOne { get; init; }

    /// <summary>
    /// No Runge-Kutta warm-up, which is the PLMS form. True where a file does not say: every published Stable Diffusion checkpoint that
    /// says, says so, and only a file written for another scheduler says nothing.
    /// </summary>
    public bool SkipPrkSteps { get; init; }

    public static PNDMConfig Read(SchedulerFields fields) => new()
    {
        Noise = NoiseConfig.Read(fields, new NoiseConfig()),
        SetAlphaToOne = fields.Reader.Bool("set_alpha_to_one", false),
        SkipPrkSteps = fields.Reader.Bool("skip_prk_steps", true),
    };
}
