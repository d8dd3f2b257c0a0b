using Realign.Core.Configs;
using Realign.Core.Errors;

namespace Realign.Diffusion.Schedulers;

/// <summary>
/// A published <c>scheduler_config.json</c>. Fields whose default differs between the scheduler classes are null when the file lacks
/// them; every class takes its own default then.
/// </summary>
public sealed record SchedulerConfig
{
    /// <summary>Class the file was written for, or null.</summary>
    public string? ClassName { get; init; }

    /// <summary>Length of the training schedule, 2..100000.</summary>
    public int NumTrainTimesteps { get; init; } = 1000;

    /// <summary>First beta, in (0, 1).</summary>
    public double? BetaStart { get; init; }

    /// <summary>Last beta, in (0, 1).</summary>
    public double? BetaEnd { get; init; }

    /// <summary>linear, scaled_linear or squaredcos_cap_v2.</summary>
    public string? BetaSchedule { get; init; }

    /// <summary>epsilon, v_prediction or sample.</summary>
    public string PredictionType { get; init; } = "epsilon";

    /// <summary>leading, trailing or linspace.</summary>
    public string? TimestepSpacing { get; init; }

    /// <summary>Added to leading timesteps.</summary>
    public int StepsOffset { get; init; }

    /// <summary>Rescale the betas so that the last step is pure noise (Lin et al. 2023).</summary>
    public bool RescaleBetasZeroSnr { get; init; }

    /// <summary>Clip the predicted clean sample.</summary>
    public bool? ClipSample { get; init; }

    /// <summary>Bound of the clipping.</summary>
    public double ClipSampleRange { get; init; } = 1;

    /// <summary>Dynamic thresholding (Saharia et al. 2022).</summary>
    public bool Thresholding { get; init; }

    /// <summary>Quantile of the dynamic thresholding.</summary>
    public double DynamicThresholdingRatio { get; init; } = 0.995;

    /// <summary>Upper bound of the dynamic threshold.</summary>
    public double SampleMaxValue { get; init; } = 1;

    /// <summary>Whether the alpha after the last step is 1 instead of the first alpha of training.</summary>
    public bool? SetAlphaToOne { get; init; }

    /// <summary>PNDM: no Runge-Kutta warm-up.</summary>
    public bool SkipPrkSteps { get; init; }

    /// <summary>DDPM: fixed_small, fixed_small_log or fixed_large.</summary>
    public string? VarianceType { get; init; }

    /// <summary>Spacing of the sigmas.</summary>
    public SigmaSpacing SigmaSpacing { get; init; }

    /// <summary>Euler: interpolate the logarithms of the sigmas evenly instead of the sigmas at the timesteps.</summary>
    public bool LogLinear { get; init; }

    /// <summary>Whether the last sigma is the smallest of training instead of 0.</summary>
    public bool EndsAtSigmaMin { get; init; }

    /// <summary>Order of a multistep solver, 1..3.</summary>
    public int SolverOrder { get; init; } = 2;

    /// <summary>DPM-Solver: midpoint or heun. UniPC: bh1 or bh2.</summary>
    public string? SolverType { get; init; }

    /// <summary>dpmsolver++, dpmsolver or sde-dpmsolver++.</summary>
    public string AlgorithmType { get; init; } = "dpmsolver++";

    /// <summary>Lower the order at the end of short schedules.</summary>
    public bool LowerOrderFinal { get; init; } = true;

    /// <summary>DPM-Solver: always end with an Euler step.</summary>
    public bool EulerAtFinal { get; init; }

    /// <summary>UniPC: predict clean samples instead of noise.</summary>
    public bool PredictX0 { get; init; } = true;

    /// <summary>UniPC: steps after which the corrector does not run.</summary>
    public IReadOnlyList<int> DisableCorrector { get; init; } = [];

    /// <summary>LCM: steps of the schedule that was distilled.</summary>
    public int OriginalInferenceSteps { get; init; } = 50;

    /// <summary>LCM: factor on the timestep in the boundary condition.</summary>
    public double TimestepScaling { get; init; } = 10;

    /// <summary>Reads <c>scheduler_config.json</c>.</summary>
    /// <exception cref="ModelLoadException">A value is of the wrong kind or not implemented; lists all.</exception>
    public static SchedulerConfig Load(string path) => Read(ConfigReader.Open(path));

    /// <summary>Reads the text of a <c>scheduler_config.json</c>.</summary>
    /// <param name="utf8">JSON.</param>
    /// <param name="path">What error messages call it.</param>
    /// <exception cref="ModelLoadException">As <see cref="Load"/>.</exception>
    public static SchedulerConfig Parse(ReadOnlyMemory<byte> utf8, string path = "scheduler_config.json") => Read(ConfigReader.Parse(path, utf8));

    private static SchedulerConfig Read(ConfigReader reader)
    {
        foreach (var name in (string[])["trained_betas", "sigma_min", "sigma_max", "lambda_min_clipped", "solver_p"])
            reader.Only(name, name == "lambda_min_clipped" ? "-Infinity" : "null");
        foreach (var name in (string[])["use_flow_sigmas", "use_dynamic_shifting"])
            reader.Only(name, "false");
        reader.Only("timestep_type", "\"discrete\"");
        var config = new SchedulerConfig
        {
            ClassName = reader.Has("_class_name") ? reader.Text("_class_name") : null,
            NumTrainTimesteps = reader.Int("num_train_timesteps", 1000, min: 2, max: 100_000),
            BetaStart = reader.Has("beta_start") ? reader.Double("beta_start", min: 1e-12, max: 0.999999) : null,
            BetaEnd = reader.Has("beta_end") ? reader.Double("beta_end", min: 1e-12, max: 0.999999) : null,
            BetaSchedule = OneOf(reader, "beta_schedule", "linear", "scaled_linear", "squaredcos_cap_v2"),
            PredictionType = reader.OneOf("prediction_type", "epsilon", "epsilon", "v_prediction", "sample"),
            TimestepSpacing = OneOf(reader, "timestep_spacing", "leading", "trailing", "linspace"),
            StepsOffset = reader.Int("steps_offset", 0, min: 0, max: 100_000),
            RescaleBetasZeroSnr = reader.Bool("rescale_betas_zero_snr", false),
            ClipSample = reader.Has("clip_sample") ? reader.Bool("clip_sample") : null,
            ClipSampleRange = reader.Double("clip_sample_range", 1, min: 1e-6, max: 1e6),
            Thresholding = reader.Bool("thresholding", false),
            DynamicThresholdingRatio = reader.Double("dynamic_thresholding_ratio", 0.995, min: 0, max: 1),
            SampleMaxValue = reader.Double("sample_max_value", 1, min: 1, max: 1e6),
            SetAlphaToOne = reader.Has("set_alpha_to_one") ? reader.Bool("set_alpha_to_one") : null,
            SkipPrkSteps = reader.Bool("skip_prk_steps", false),
            VarianceType = OneOf(reader, "variance_type", "fixed_small", "fixed_small_log", "fixed_large"),
            SigmaSpacing = ReadSpacing(reader),
            LogLinear = reader.OneOf("interpolation_type", "linear", "linear", "log_linear") == "log_linear",
            EndsAtSigmaMin = reader.OneOf("final_sigmas_type", "zero", "zero", "sigma_min") == "sigma_min",
            SolverOrder = reader.Int("solver_order", 2, min: 1, max: 3),
            SolverType = OneOf(reader, "solver_type", "midpoint", "heun", "bh1", "bh2"),
            AlgorithmType = reader.OneOf("algorithm_type", "dpmsolver++", "dpmsolver++", "dpmsolver", "sde-dpmsolver++"),
            LowerOrderFinal = reader.Bool("lower_order_final", true),
            EulerAtFinal = reader.Bool("euler_at_final", false),
            PredictX0 = reader.Bool("predict_x0", true),
            DisableCorrector = reader.Has("disable_corrector") ? reader.Ints("disable_corrector", [], min: 0) : [],
            OriginalInferenceSteps = reader.Int("original_inference_steps", 50, min: 1, max: 100_000),
            TimestepScaling = reader.Double("timestep_scaling", 10, min: 0, max: 1e6),
        };
        reader.ThrowIfAny();
        return config;
    }

    private static string? OneOf(ConfigReader reader, string name, params string[] allowed) =>
        reader.Has(name) ? reader.OneOf(name, null, allowed) : null;

    private static SigmaSpacing ReadSpacing(ConfigReader reader)
    {
        var chosen = new List<SigmaSpacing>();
        foreach (var (name, spacing) in ((string, SigmaSpacing)[])[
            ("use_karras_sigmas", SigmaSpacing.Karras), ("use_exponential_sigmas", SigmaSpacing.Exponential),
            ("use_beta_sigmas", SigmaSpacing.Beta), ("use_lu_lambdas", SigmaSpacing.LuLambdas)])
        {
            if (reader.Bool(name, false))
                chosen.Add(spacing);
        }

        if (chosen.Count > 1)
            reader.Problem($"only one spacing of the sigmas can be used, not {string.Join(" and ", chosen)}");
        return chosen.Count == 1 ? chosen[0] : SigmaSpacing.Timesteps;
    }
}
