namespace Realign.Diffusion.Schedulers;

/// <summary>Fields of <see cref="EulerDiscreteScheduler"/>.</summary>
internal sealed record EulerDiscreteConfig
{
    public required NoiseConfig Noise { get; init; }

    public SigmaSpacing SigmaSpacing { get; init; }

    /// <summary>Interpolate the logarithms of the sigmas evenly instead of the sigmas at the timesteps.</summary>
    public bool LogLinear { get; init; }

    /// <summary>Whether the last sigma is the smallest of training instead of 0.</summary>
    public bool EndsAtSigmaMin { get; init; }

    public static EulerDiscreteConfig Read(SchedulerFields fields) => new()
    {
        Noise = NoiseConfig.Read(fields, SigmaScheduler.NoiseDefaults),
        SigmaSpacing = fields.SigmaSpacing(),
        LogLinear = fields.OneOf("interpolation_type", false, ("linear", false), ("log_linear", true)),
        EndsAtSigmaMin = fields.EndsAtSigmaMin(),
    };
}
