using System.Globalization;
using Realign.Core.Errors;
using Realign.Core.Images;
using Realign.Diffusion.FineStage;
using Realign.Diffusion.Adapters;
using Realign.Diffusion.Schedulers;
using Realign.Diffusion.TextualInversion;

namespace Realign.Diffusion.Pipelines;

/// <summary>What to generate: values only, checked by the pipeline.</summary>
public sealed record GenerationRequest
{
    private const double MaxGuidance = 100;

    /// <summary>Texts.</summary>
    public required PromptRequest Prompt { get; init; }

    /// <summary>One per image: an image depends on its own seed only.</summary>
    public required IReadOnlyList<ulong> Seeds { get; init; }

    /// <summary>Steps from pure noise; null = the model's own number.</summary>
    public int? NumInferenceSteps { get; init; }

    /// <summary>
    /// Weight of the prompt against the negative prompt (Ho and Salimans 2022); 1 and less = no guidance. A distilled model is told it.
    /// Null = the model's own.
    /// </summary>
    public double? GuidanceScale { get; init; }

    /// <summary>Share of the guided prediction that is brought back to the contrast of the unguided one (Lin et al. 2024, section 3.4); 0..1.</summary>
    public double GuidanceRescale { get; init; }

    /// <summary>Pixels, a multiple of the VAE's factor; null = the checkpoint's own size.</summary>
    public int? Height { get; init; }

    /// <summary>Pixels, a multiple of the VAE's factor; null = the checkpoint's own size.</summary>
    public int? Width { get; init; }

    /// <summary>Null = the checkpoint's own.</summary>
    public SchedulerKind? Scheduler { get; init; }

    /// <summary>DDIM's eta, TCD's gamma, 0..1; null = the sampler's own.</summary>
    public double? Eta { get; init; }

    /// <summary>Spacing of the noise levels; null = the checkpoint's.</summary>
    public SigmaSpacing? SigmaSpacing { get; init; }

    /// <summary>Order of multistep and singlestep solvers, 1..3; null = the checkpoint's.</summary>
    public int? SolverOrder { get; init; }

    /// <summary>DPM-Solver, multistep: as a stochastic equation.</summary>
    public bool Stochastic { get; init; }

    /// <summary>Image to image: the picture to start from, of exactly Height x Width; every image of the batch starts from it.</summary>
    public Picture? InitImage { get; init; }

    /// <summary>Image to image: share of the steps that are taken, above 0, up to 1.</summary>
    public double Strength { get; init; } = 0.8;

    /// <summary>
    /// Inpainting: the part of the picture that is drawn anew (1), of exactly Height x Width; the rest is kept (0). Null = all of it. Only with a picture.
    /// </summary>
    public BinaryMask? Mask { get; init; }

    /// <summary>XL: sizes the model is told; null = those that are generated.</summary>
    public ImageSizes? Sizes { get; init; }

    /// <summary>XL: sizes for the negative prompt; null = the same.</summary>
    public ImageSizes? NegativeSizes { get; init; }

    /// <summary>Attention re-weighted inside regions; null = a plain run.</summary>
    public FineStageRequest? FineStage { get; init; }

    /// <summary>Adapters, all at once.</summary>
    public IReadOnlyList<AdapterChoice> Adapters { get; init; } = [];

    /// <summary>Embeddings that the texts may name.</summary>
    public IReadOnlyList<TextualInversionChoice> TextualInversions { get; init; } = [];

    /// <summary>Whether a heat map of each word is wanted.</summary>
    public bool HeatMaps { get; init; }

    /// <summary>Every how many steps a preview is wanted; 0 = none.</summary>
    public int PreviewEvery { get; init; }

    /// <summary>Longest side of a preview in pixels; null = as the latents give it.</summary>
    public int? PreviewSize { get; init; }

    internal SchedulerOptions SchedulerOptions => new()
    {
        Eta = Eta,
        Spacing = SigmaSpacing,
        SolverOrder = SolverOrder,
        IsStochastic = Stochastic,
    };

    internal void Check(int factor, int height, int width)
    {
        if (Prompt.Prompts.Count > 0 && Seeds.Count != Prompt.Prompts.Count)
            throw new ArgumentException($"{Seeds.Count} seeds, but {Prompt.Prompts.Count} prompts");
        if (height < factor || height % factor != 0)
            throw Wrong("height", height, $"must be a positive multiple of {factor}");
        if (width < factor || width % factor != 0)
            throw Wrong("width", width, $"must be a positive multiple of {factor}");
        if (GuidanceScale is { } guidance && !(guidance >= 0 && guidance <= MaxGuidance))
            throw Wrong("guidance_scale", guidance, $"must be a number from 0 to {MaxGuidance}");
        if (!(GuidanceRescale >= 0 && GuidanceRescale <= 1))
            throw Wrong("guidance_rescale", GuidanceRescale, "must be a number from 0 to 1");
        if (!(Strength > 0 && Strength <= 1))
            throw Wrong("strength", Strength, "must be above 0 and at most 1");
        if (Mask is { } mask && (InitImage is null || mask.Height != height || mask.Width != width))
        {
            throw new InvalidInputException("mask", $"{mask.Width}x{mask.Height}", InitImage is null ? "there is no init_image"
                : "does not have the size of the result", $"send both, of {width}x{height} pixels");
        }

        if (InitImage is { } image && (image.Height != height || image.Width != width))
        {
            throw new InvalidInputException(
                "init_image", $"{image.Width}x{image.Height}", "does not have the size of the result", $"send {width}x{height} pixels");
        }
    }

    private static InvalidInputException Wrong(string field, double value, string problem) =>
        new(field, value.ToString(CultureInfo.InvariantCulture), problem, "send another value, or leave it out");
}
