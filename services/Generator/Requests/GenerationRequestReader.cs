using Realign.Core;
using Realign.Core.Errors;
using Realign.Core.Images;
using Realign.Diffusion.FineStage;
using Realign.Diffusion.Pipelines;
using Realign.Diffusion.Schedulers;
using Realign.V1;
using Realign.Wire.Masks;
using Realign.Wire.Prompts;
using Realign.Wire.Requests;
using Realign.Wire.Schedulers;
using System.Globalization;
using System.Security.Cryptography;

namespace Realign.Generator.Requests;

/// <summary>Checks every field of a request.</summary>
internal static class GenerationRequestReader
{
    public const int MinSide = 64;
    public const int MaxSide = 2048;
    private const int MaxChunks = 8;
    private const int MaxToldSide = 8192;
    private const double DefaultStrength = 0.8;

    private static readonly ModulationOptions Defaults = new();

    public static GenerationRequest Read(GenerateRequest request, GeneratorOptions options)
    {
        var seed = request.HasSeed ? request.Seed : BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong))) >> 1;
        var images = Require.Range("num_images", request.HasNumImages ? request.NumImages : 1, 1, 16);
        return new GenerationRequest
        {
            Prompt = Prompt(request),
            Seeds = [.. Enumerable.Range(0, images).Select(i => unchecked(seed + (ulong)i))],
            NumInferenceSteps = request.HasNumInferenceSteps ? Require.Range("num_inference_steps", request.NumInferenceSteps, 1, 1000) : options.DefaultSteps,
            GuidanceScale = request.HasGuidanceScale ? Number("guidance_scale", request.GuidanceScale, 50) : options.DefaultGuidanceScale,
            Width = request.HasWidth ? Side("width", request.Width) : null,
            Height = request.HasHeight ? Side("height", request.Height) : null,
            Scheduler = SchedulerName.Of(Require.Known("scheduler", request.Scheduler)) is { } name ? SchedulerKinds.Find(name.ClassName) : null,
            Eta = request.HasEta ? Number("eta", request.Eta, 1) : null,
            SigmaSpacing = Spacing(Require.Known("sigma_spacing", request.SigmaSpacing)),
            SolverOrder = request.HasSolverOrder ? Require.Range("solver_order", request.SolverOrder, 1, 3) : null,
            Stochastic = request.Stochastic,
            GuidanceRescale = Number("guidance_rescale", request.GuidanceRescale, 1),
            PreviewEvery = Require.Range("preview.every_steps", request.Preview?.EverySteps ?? 0, 0, 1000),
            PreviewSize = request.Preview is { HasMaxSize: true } preview ? Require.Range("preview.max_size", preview.MaxSize, 8, 1024) : null,
            HeatMaps = request.HeatMaps,
            Strength = Strength(request),
            Sizes = Sizes("sizes", request.Sizes),
            NegativeSizes = Sizes("negative_sizes", request.NegativeSizes),
            FineStage = FineStage(request.Modulation),
            Adapters = AdapterReader.Read(request),
            TextualInversions = TextualInversionReader.Read(request),
        };
    }

    private static Diffusion.Schedulers.SigmaSpacing? Spacing(V1.SigmaSpacing spacing) => spacing switch
    {
        V1.SigmaSpacing.Timesteps => Diffusion.Schedulers.SigmaSpacing.Timesteps,
        V1.SigmaSpacing.Karras => Diffusion.Schedulers.SigmaSpacing.Karras,
        V1.SigmaSpacing.Exponential => Diffusion.Schedulers.SigmaSpacing.Exponential,
        V1.SigmaSpacing.Beta => Diffusion.Schedulers.SigmaSpacing.Beta,
        V1.SigmaSpacing.AlignYourSteps => Diffusion.Schedulers.SigmaSpacing.AlignYourSteps,
        _ => null,
    };

    private static PromptRequest Prompt(GenerateRequest request)
    {
        return new PromptRequest
        {
            Prompts = [PromptTexts.Prompt("prompt", request)],
            NegativePrompts = Optional("negative_prompt", request, request.NegativePrompt),
            Prompts2 = Optional("prompt_2", request, request.Prompt2),
            NegativePrompts2 = Optional("negative_prompt_2", request, request.NegativePrompt2),
            ClipSkip = request.HasClipSkip ? request.ClipSkip : null,
            Syntax = PromptTexts.SyntaxOf(request),
            MaxChunks = request.HasPromptChunks ? Require.Range("prompt_chunks", request.PromptChunks, 1, MaxChunks) : 1,
        };
    }

    private static string[]? Optional(string field, GenerateRequest request, string text) =>
        PromptTexts.Optional(field, text, PromptTexts.SyntaxOf(request)).Length > 0 ? [text] : null;

    private static double Strength(GenerateRequest request)
    {
        if (!request.HasStrength)
            return request.Mask is null ? DefaultStrength : 1;
        if (request.InitImage is null)
        {
            throw new InvalidInputException(
                "strength", request.Strength.ToString(CultureInfo.InvariantCulture), "there is no init_image", "send one, or leave strength out");
        }

        var strength = Number("strength", request.Strength, 1);
        return strength > 0 ? strength : throw new InvalidInputException("strength", "0", "nothing would be generated", "use a number above 0, up to 1");
    }

    private static ImageSizes? Sizes(string field, SizeConditions? sizes)
    {
        if (sizes is null)
            return null;
        return new ImageSizes
        {
            Original = Pair($"{field}.original", sizes.HasOriginalHeight, sizes.OriginalHeight, sizes.HasOriginalWidth, sizes.OriginalWidth),
            Crop = (Require.Range($"{field}.crop_top", sizes.CropTop, 0, MaxToldSide), Require.Range($"{field}.crop_left", sizes.CropLeft, 0, MaxToldSide)),
            Target = Pair($"{field}.target", sizes.HasTargetHeight, sizes.TargetHeight, sizes.HasTargetWidth, sizes.TargetWidth),
            AestheticScore = sizes.HasAestheticScore ? Number($"{field}.aesthetic_score", sizes.AestheticScore, 10) : null,
        };
    }

    private static (int Height, int Width)? Pair(string field, bool hasHeight, int height, bool hasWidth, int width)
    {
        if (hasHeight != hasWidth)
            throw new InvalidInputException($"{field}_{(hasHeight ? "width" : "height")}", "missing", "height and width go together", "send both or none");
        return hasHeight ? (Require.Range($"{field}_height", height, 1, MaxToldSide), Require.Range($"{field}_width", width, 1, MaxToldSide)) : null;
    }

    // so that a share of 0.3 does not modulate one step too many
    private static double Number(string field, float value, float max) => Require.Written(field, value, 0, max);

    private static int Side(string field, int value)
    {
        _ = Require.Range(field, value, MinSide, MaxSide);
        return value % 8 == 0
            ? value
            : throw new InvalidInputException(field, $"{value}", "not a multiple of 8", $"use {value / 8 * 8} or {(value / 8 * 8) + 8}");
    }

    private static FineStageRequest? FineStage(Modulation? modulation)
    {
        if (modulation is null)
            return null;
        Require.Count("modulation.segments", modulation.Segments.Count, 0, Limits.Segments);
        CheckMaskPixels(modulation);
        var mode = Require.Known("modulation.mode", modulation.Mode);
        var options = new ModulationOptions
        {
            Negative = mode == ModulationMode.Exact ? NegativeSelector.Exact : NegativeSelector.Safe,
            CrossWeight = modulation.HasCrossAttentionWeight ? Number("modulation.cross_attention_weight", modulation.CrossAttentionWeight, 10)
                : Defaults.CrossWeight,
            SelfWeight = modulation.HasSelfAttentionWeight ? Number("modulation.self_attention_weight", modulation.SelfAttentionWeight, 10)
                : Defaults.SelfWeight,
            SchedulePower = modulation.HasSchedulePower ? Number("modulation.schedule_power", modulation.SchedulePower, 20) : Defaults.SchedulePower,
            StepFraction = modulation.HasStepFraction ? Number("modulation.step_fraction", modulation.StepFraction, 1) : Defaults.StepFraction,
            MaxGain = modulation.HasMaxGain ? Number("modulation.max_gain", modulation.MaxGain, 10) : Defaults.MaxGain,
        };
        return new FineStageRequest
        {
            Regions = [.. modulation.Segments.Select(Region)],
            Options = options,
            ReplaceEmbeddings = !modulation.HasReplaceEmbeddings || modulation.ReplaceEmbeddings,
            SuppressZeroScores = modulation.SuppressZeroScores,
            ExtendPrompt = !modulation.HasExtendPrompt || modulation.ExtendPrompt,
        };
    }

    // run lengths are small on the wire, whatever the mask they stand for
    private static void CheckMaskPixels(Modulation modulation)
    {
        long pixels = 0;
        for (var i = 0; i < modulation.Segments.Count; i++)
        {
            var mask = modulation.Segments[i].Mask;
            if (mask is null)
                continue;
            ImageSize.Check($"modulation.segments[{i}].mask", mask.Width, mask.Height);
            pixels += (long)mask.Width * mask.Height;
            if (pixels > Limits.MaskPixels)
            {
                throw new InvalidInputException("modulation.segments", $"{pixels} mask pixels up to segment {i}",
                    $"at most {Limits.MaskPixels} are taken in one call",
                    "send the masks at the size of the image");
            }
        }
    }

    private static PhraseRegion Region(Segment segment, int index)
    {
        var field = $"modulation.segments[{index}]";
        var score = Require.Range($"{field}.score", segment.Score, 0, 2);
        var phrase = score > 0
            ? Require.Text($"{field}.phrase", segment.Phrase, Limits.PhraseLength)
            : Require.OptionalText($"{field}.phrase", segment.Phrase, Limits.PhraseLength);
        if (segment.Mask is not { } mask)
        {
            return score == 0
                ? new PhraseRegion(phrase, score, null)
                : throw new InvalidInputException($"{field}.mask", "missing", "a segment with a score above 0 needs a place",
                    "send its mask, or leave the segment out");
        }

        return new PhraseRegion(phrase, score, MaskMessages.Read($"{field}.mask", mask));
    }
}
