using System.Globalization;
using System.Text;
using Realign.V1;
using Realign.Wire.Schedulers;

namespace Realign.Cli.Page;

/// <summary>The command line that gives the same images again.</summary>
internal static class SameAgain
{
    public static string CommandLine(GenerateRequest request, ulong seed)
    {
        var line = new StringBuilder("./realign realign ").Append(Quote(request.Prompt));
        Add("--seed", true, seed);
        if (request.NegativePrompt.Length > 0)
            line.Append(" --negative-prompt ").Append(Quote(request.NegativePrompt));
        Add("--num-inference-steps", request.HasNumInferenceSteps, request.NumInferenceSteps);
        Add("--guidance-scale", request.HasGuidanceScale, request.GuidanceScale);
        Add("--width", request.HasWidth, request.Width);
        Add("--height", request.HasHeight, request.Height);
        Add("--eta", request.HasEta, request.Eta);
        Add("--scheduler", request.Scheduler != Scheduler.Unspecified, SchedulerName.Of(request.Scheduler)?.Option ?? "");
        if (request.InitImage is not null)
            line.Append(" --init-image FILE");
        Add("--strength", request.HasStrength, request.Strength);
        Add("--prompt-2", request.Prompt2.Length > 0, Quote(request.Prompt2));
        Add("--negative-prompt-2", request.NegativePrompt2.Length > 0, Quote(request.NegativePrompt2));
        Add("--clip-skip", request.HasClipSkip, request.ClipSkip);
        if (request.Sizes is { } sizes)
        {
            Add("--original-size", sizes.HasOriginalWidth, $"{sizes.OriginalWidth}x{sizes.OriginalHeight}");
            Add("--target-size", sizes.HasTargetWidth, $"{sizes.TargetWidth}x{sizes.TargetHeight}");
            Add("--crop", sizes.CropLeft + sizes.CropTop > 0, $"{sizes.CropLeft}x{sizes.CropTop}");
        }

        foreach (var adapter in request.Adapters)
            line.Append(" --adapter ").Append(Quote(string.Create(CultureInfo.InvariantCulture, $"{adapter.Name}={(adapter.HasStrength ? adapter.Strength : 1)}")));
        if (request.Modulation is not { } modulation)
            return line.ToString();
        Add("--mode", modulation.Mode != ModulationMode.Unspecified, Kebab(modulation.Mode.ToString()));
        Add("--cross-attention-weight", modulation.HasCrossAttentionWeight, modulation.CrossAttentionWeight);
        Add("--self-attention-weight", modulation.HasSelfAttentionWeight, modulation.SelfAttentionWeight);
        Add("--schedule-power", modulation.HasSchedulePower, modulation.SchedulePower);
        Add("--step-fraction", modulation.HasStepFraction, modulation.StepFraction);
        Add("--max-gain", modulation.HasMaxGain, modulation.MaxGain);
        Add("--replace-embeddings", modulation.HasReplaceEmbeddings, Kebab(modulation.ReplaceEmbeddings.ToString()));
        Add("--extend-prompt", modulation.HasExtendPrompt, Kebab(modulation.ExtendPrompt.ToString()));
        if (modulation.SuppressZeroScores)
            line.Append(" --suppress-zero-scores");
        return line.ToString();

        void Add(string option, bool isSet, object value)
        {
            if (isSet)
                line.Append(CultureInfo.InvariantCulture, $" {option} {value}");
        }
    }

    private static string Quote(string text) => $"'{text.Replace("'", "'\\''", StringComparison.Ordinal)}'";

    private static string Kebab(string name) =>
        string.Concat(name.Select((letter, index) => index > 0 && char.IsUpper(letter) ? $"-{char.ToLowerInvariant(letter)}"
            : $"{char.ToLowerInvariant(letter)}"));
}
