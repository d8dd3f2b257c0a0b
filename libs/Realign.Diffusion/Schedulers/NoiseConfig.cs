namespace Realign.Diffusion.Schedulers;

/// <summary>What every scheduler takes from a checkpoint: its noise schedule, what the denoiser predicts, and which timesteps are visited.</summary>
public sealed record NoiseConfig
{
    /// <summary>Length of the training schedule, 2..100000.</summary>
    public int NumTrainTimesteps { get; init; } = 1000;

    /// <summary>What the denoiser predicts.</summary>
    public PredictionType PredictionType { get; init; }

    /// <summary>Rescale the betas so that the last step is pure noise (Lin et al. 2023).</summary>
    public bool RescaleBetasZeroSnr { get; init; }

    /// <summary>Added to leading timesteps.</summary>
    public int StepsOffset { get; init; }

    internal double BetaStart { get; init; } = 0.0001;

    internal double BetaEnd { get; init; } = 0.02;

    internal BetaSchedule BetaSchedule { get; init; }

    internal TimestepSpacing TimestepSpacing { get; init; }

    /// <summary>Fields that a file lacks keep the values of <paramref name="defaults"/>.</summary>
    internal static NoiseConfig Read(SchedulerFields fields, NoiseConfig defaults)
    {
        foreach (var name in (string[])["trained_betas", "sigma_min", "sigma_max", "lambda_min_clipped", "solver_p"])
            fields.Reader.Only(name, name == "lambda_min_clipped" ? "-Infinity" : "null");
        foreach (var name in (string[])["use_flow_sigmas", "use_dynamic_shifting"])
            fields.Reader.Only(name, "false");
        fields.Reader.Only("timestep_type", "\"discrete\"");
        var config = new NoiseConfig
        {
            NumTrainTimesteps = fields.Reader.Int("num_train_timesteps", defaults.NumTrainTimesteps, min: 2, max: 100_000),
            BetaStart = fields.Reader.Double("beta_start", defaults.BetaStart, min: 1e-12, max: 0.999999),
            BetaEnd = fields.Reader.Double("beta_end", defaults.BetaEnd, min: 1e-12, max: 0.999999),
            BetaSchedule = fields.OneOf("beta_schedule", defaults.BetaSchedule,
                ("linear", BetaSchedule.Linear), ("scaled_linear", BetaSchedule.ScaledLinear), ("squaredcos_cap_v2", BetaSchedule.SquaredCosine)),
            PredictionType = fields.OneOf("prediction_type", defaults.PredictionType,
                ("epsilon", PredictionType.Epsilon), ("v_prediction", PredictionType.VPrediction), ("sample", PredictionType.Sample)),
            TimestepSpacing = fields.OneOf("timestep_spacing", defaults.TimestepSpacing,
                ("leading", TimestepSpacing.Leading), ("trailing", TimestepSpacing.Trailing), ("linspace", TimestepSpacing.Linspace)),
            StepsOffset = fields.Reader.Int("steps_offset", defaults.StepsOffset, min: 0, max: 100_000),
            RescaleBetasZeroSnr = fields.Reader.Bool("rescale_betas_zero_snr", defaults.RescaleBetasZeroSnr),
        };
        fields.Reader.Require(config.StepsOffset < config.NumTrainTimesteps, $"steps_offset = {config.StepsOffset} is not below num_train_timesteps");
        return config;
    }
}
