using System.CommandLine;
using Realign.V1;

namespace Realign.Cli.Commands;

/// <summary>Options of the fine stage; named as the fields of Modulation.</summary>
internal sealed class ModulationOptions
{
    private readonly Option<string?> _preset = new("--preset")
    {
        Description = "Settings of the fine stage that hold whatever the model's own are: paper = exact, w_c 1, w_s 0.3, p 5, 0.3 of the steps, no bound "
            + "of the gain. What is given besides wins.",
        HelpName = "paper",
    };
    private readonly Option<string?> _mode = new("--mode")
    {
        Description = "Pixels outside every segment: safe = left alone, exact = modulated as "
        + "published [safe].",
        HelpName = "MODE"
    };
    private readonly Option<float?> _cross = new("--cross-attention-weight")
    {
        Description = "w_c, strength in cross-attention layers, 0..10 [1].",
        HelpName = "W"
    };
    private readonly Option<float?> _self = new("--self-attention-weight")
    {
        Description = "w_s, strength in self-attention layers, 0..10 [0.3].",
        HelpName = "W"
    };
    private readonly Option<float?> _power = new("--schedule-power") { Description = "p in lambda_t = (t/1000)^p, 0..20 [5].", HelpName = "P" };
    private readonly Option<float?> _fraction = new("--step-fraction") { Description = "Share of the steps that are modulated, 0..1 [0.3].", HelpName = "X" };
    private readonly Option<float?> _gain = new("--max-gain") { Description = "Largest gain, 0..10 [0.95].", HelpName = "G" };
    private readonly Option<bool?> _replace = new("--replace-embeddings") { Description = "Encode each phrase alone [true].", HelpName = "true|false" };
    private readonly Option<bool?> _extend = new("--extend-prompt")
    {
        Description = "Add phrases that the prompt lacks to it [true].",
        HelpName = "true|false"
    };
    private readonly Option<bool> _suppress = new("--suppress-zero-scores") { Description = "Push phrases of score 0 out of the picture." };

    public ModulationOptions()
    {
        _ = _preset.AcceptOnlyFromAmong(StringComparer.OrdinalIgnoreCase, "paper");
        _ = _mode.AcceptOnlyFromAmong(StringComparer.OrdinalIgnoreCase, "safe", "exact");
    }

    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { _preset, _mode, _cross, _self, _power, _fraction, _gain, _replace, _extend, _suppress })
            command.Options.Add(option);
    }

    public Modulation Modulation(ParseResult parsed)
    {
        var modulation = parsed.GetValue(_preset) is null ? new Modulation() : Paper();
        modulation.SuppressZeroScores = parsed.GetValue(_suppress);
        if (parsed.GetValue(_mode) is { } mode)
            modulation.Mode = mode.Equals("exact", StringComparison.OrdinalIgnoreCase) ? ModulationMode.Exact : ModulationMode.Safe;
        if (parsed.GetValue(_cross) is { } cross)
            modulation.CrossAttentionWeight = cross;
        if (parsed.GetValue(_self) is { } self)
            modulation.SelfAttentionWeight = self;
        if (parsed.GetValue(_power) is { } power)
            modulation.SchedulePower = power;
        if (parsed.GetValue(_fraction) is { } fraction)
            modulation.StepFraction = fraction;
        if (parsed.GetValue(_gain) is { } gain)
            modulation.MaxGain = gain;
        if (parsed.GetValue(_replace) is { } replace)
            modulation.ReplaceEmbeddings = replace;
        if (parsed.GetValue(_extend) is { } extend)
            modulation.ExtendPrompt = extend;
        return modulation;
    }

    /// <summary>
    /// The published settings: RealignDiff's weights and schedule with the update of DenseDiffusion. Neither bounds the gain, so the bound is the
    /// largest that the API takes: score 2 with w_c 1 makes gains below 2.
    /// </summary>
    private static Modulation Paper() => new()
    {
        Mode = ModulationMode.Exact,
        CrossAttentionWeight = 1,
        SelfAttentionWeight = 0.3f,
        SchedulePower = 5,
        StepFraction = 0.3f,
        MaxGain = 10,
        ReplaceEmbeddings = true,
        ExtendPrompt = true,
    };
}
