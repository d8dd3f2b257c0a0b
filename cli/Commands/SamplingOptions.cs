using System.CommandLine;
using Realign.V1;
using Realign.Wire.Schedulers;

namespace Realign.Cli.Commands;

/// <summary>Options that say how an image is generated; named as the fields of GenerateRequest.</summary>
internal sealed class SamplingOptions
{
    private const string AlignYourSteps = "align-your-steps";

    private readonly Option<string?> _negativePrompt = new("--negative-prompt") { Description = "What to steer away from.", HelpName = "TEXT" };
    private readonly Option<int?> _steps = new("--num-inference-steps",
        "--steps")
    { Description = "Denoising steps, 1..1000 [the model's own: 25 for the miniature, 50 for published checkpoints].", HelpName = "N" };
    private readonly Option<float?> _guidance = new("--guidance-scale")
    {
        Description = "Classifier-free guidance, 0..50; up to 1 = off [the model's "
        + "own: 4 for the miniature, else 7.5, XL 5].",
        HelpName = "W"
    };
    private readonly Option<int?> _width = new("--width") { Description = "Pixels, a multiple of 8 [the checkpoint's size].", HelpName = "PX" };
    private readonly Option<int?> _height = new("--height") { Description = "Pixels, a multiple of 8 [the checkpoint's size].", HelpName = "PX" };
    private readonly Option<float?> _eta = new("--eta") { Description = "Share of fresh noise, 0..1: DDIM's eta [0], TCD's gamma [0.3].", HelpName = "X" };
    private readonly Option<string?> _scheduler = new("--scheduler") { Description = "Sampler [the checkpoint's own].", HelpName = "NAME" };
    private readonly Option<string?> _spacing = new("--sigma-spacing")
    {
        Description = "Noise levels of the sampler [the checkpoint's own].",
        HelpName = "timesteps|karras|exponential|beta|align-your-steps",
    };
    private readonly Option<int?> _order = new("--solver-order")
    {
        Description = "Order of DPM-Solver++ multistep and singlestep, UniPC and DEIS, 1..3 [2].",
        HelpName = "N",
    };
    private readonly Option<bool> _stochastic = new("--stochastic")
    {
        Description = "DPM-Solver++ 2M as a stochastic equation (2M SDE; with --solver-order 3 3M SDE).",
    };
    private readonly Option<string[]> _adapters = new("--adapter")
    {
        Description = "Adapter (LoRA, LoHa, ...) of the Generator's adapter folder, with a strength of -2..2 [1]; unet=, clip= and blocks of the UNet "
        + "(down_blocks.1, mid_block, IN04, ...) have one of their own; may be given several times. realign adapters lists them.",
        HelpName = "NAME[=STRENGTH][,unet=X][,clip=X][,BLOCK=X]..."
    };

    private readonly Option<string[]> _embeddings = new("--embedding")
    {
        Description = "Embedding (textual inversion) of the Generator's embedding folder, and the word for it in the prompts [its name]; may be given "
        + "several times.",
        HelpName = "NAME[:TOKEN]"
    };

    private readonly ConditionOptions _conditions = new();

    public SamplingOptions()
    {
        _scheduler.AcceptOnlyFromAmong(StringComparer.OrdinalIgnoreCase, [.. SchedulerName.All.Select(name => name.Option)]);
        _spacing.AcceptOnlyFromAmong("timesteps", "karras", "exponential", "beta", AlignYourSteps);
    }

    /// <summary>How picture files of the command are read.</summary>
    public PictureOptions Pictures => _conditions.Pictures;

    public void AddTo(Command command)
    {
        command.Options.Add(_negativePrompt);
        command.Options.Add(_steps);
        command.Options.Add(_guidance);
        command.Options.Add(_scheduler);
        command.Options.Add(_spacing);
        command.Options.Add(_order);
        command.Options.Add(_stochastic);
        command.Options.Add(_width);
        command.Options.Add(_height);
        command.Options.Add(_eta);
        command.Options.Add(_adapters);
        command.Options.Add(_embeddings);
        _conditions.AddTo(command);
    }

    /// <summary>The request; ranges are checked by the Generator, which says what is wrong.</summary>
    public GenerateRequest Request(ParseResult parsed, string prompt, ulong? seed)
    {
        var request = new GenerateRequest { Prompt = prompt, NegativePrompt = parsed.GetValue(_negativePrompt) ?? "" };
        if (seed is { } value)
            request.Seed = value;
        if (parsed.GetValue(_steps) is { } steps)
            request.NumInferenceSteps = steps;
        if (parsed.GetValue(_guidance) is { } guidance)
            request.GuidanceScale = guidance;
        if (parsed.GetValue(_width) is { } width)
            request.Width = width;
        if (parsed.GetValue(_height) is { } height)
            request.Height = height;
        if (parsed.GetValue(_eta) is { } eta)
            request.Eta = eta;
        if (parsed.GetValue(_scheduler) is { } scheduler)
            request.Scheduler = SchedulerName.OfOption(scheduler)!.Value;
        request.SigmaSpacing = parsed.GetValue(_spacing) switch
        {
            null => SigmaSpacing.Unspecified,
            AlignYourSteps => SigmaSpacing.AlignYourSteps,
            var spacing => Enum.Parse<SigmaSpacing>(spacing, ignoreCase: true),
        };
        if (parsed.GetValue(_order) is { } order)
            request.SolverOrder = order;
        request.Stochastic = parsed.GetValue(_stochastic);
        request.Adapters.AddRange((parsed.GetValue(_adapters) ?? []).Select(AdapterText.Read));
        request.TextualInversions.AddRange((parsed.GetValue(_embeddings) ?? []).Select(Embedding));
        _conditions.Apply(parsed, request);
        return request;
    }

    private static TextualInversion Embedding(string text) => text.IndexOf(':', StringComparison.Ordinal) is > 0 and var at
        ? new TextualInversion { Name = text[..at], Token = text[(at + 1)..] }
        : new TextualInversion { Name = text };
}
