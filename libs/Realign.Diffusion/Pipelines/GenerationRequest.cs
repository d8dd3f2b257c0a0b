using System.Globalization;
using Realign.Core.Errors;
using Realign.Diffusion.Attention;
using Realign.Diffusion.Schedulers;
using static TorchSharp.torch;

namespace Realign.Diffusion.Pipelines;

/// <summary>One run of a pipeline: all images of the batch together.</summary>
public sealed record GenerationRequest
{
    private const double MaxGuidance = 100;

    /// <summary>Texts.</summary>
    public required PromptRequest Prompt { get; init; }

    /// <summary>Plans and takes the steps; see <see cref="StableDiffusionPipeline.CreateScheduler"/>.</summary>
    public required Scheduler Scheduler { get; init; }

    /// <summary>Random numbers.</summary>
    public required INoiseSource Noise { get; init; }

    /// <summary>Pixels, a multiple of the VAE's factor.</summary>
    public required int Height { get; init; }

    /// <summary>Pixels, a multiple of the VAE's factor.</summary>
    public required int Width { get; init; }

    /// <summary>Steps from pure noise.</summary>
    public required int NumInferenceSteps { get; init; }

    /// <summary>
    /// Weight of the prompt against the negative prompt (Ho and Salimans 2022); 1 and less = no guidance. A distilled model is told it.
    /// </summary>
    public double GuidanceScale { get; init; } = 7.5;

    /// <summary>Share of the guided prediction that is brought back to the contrast of the unguided one (Lin et al. 2024, section 3.4); 0..1.</summary>
    public double GuidanceRescale { get; init; }

    /// <summary>Unit-variance start latents (B, C, h, w); null = the first draw of <see cref="Noise"/>.</summary>
    public Tensor? StartLatents { get; init; }

    /// <summary>Image to image: the picture to start from (B, 3, Height, Width) in [-1, 1].</summary>
    public Tensor? InitImage { get; init; }

    /// <summary>Image to image: share of the steps that are taken, above 0, up to 1.</summary>
    public double Strength { get; init; } = 0.8;

    /// <summary>XL: sizes the model is told.</summary>
    public ImageSizes Sizes { get; init; } = new();

    /// <summary>XL: sizes for the negative prompt; null = the same.</summary>
    public ImageSizes? NegativeSizes { get; init; }

    /// <summary>Ends the run when this share of the noise is gone, for a refiner to take over; above 0, below 1.</summary>
    public double? DenoisingEnd { get; init; }

    /// <summary>Attention processor of each step; null = fused kernel.</summary>
    public Func<DenoisingStep, IAttentionProcessor?>? Attention { get; init; }

    /// <summary>Called after each step.</summary>
    public Action<DenoisingProgress>? Progress { get; init; }

    internal void Check(int factor)
    {
        if (Height < factor || Height % factor != 0)
            throw Wrong("height", Height, $"must be a positive multiple of {factor}");
        if (Width < factor || Width % factor != 0)
            throw Wrong("width", Width, $"must be a positive multiple of {factor}");
        if (!(GuidanceScale >= 0 && GuidanceScale <= MaxGuidance))
            throw Wrong("guidance_scale", GuidanceScale, $"must be a number from 0 to {MaxGuidance}");
        if (!(GuidanceRescale >= 0 && GuidanceRescale <= 1))
            throw Wrong("guidance_rescale", GuidanceRescale, "must be a number from 0 to 1");
        if (!(Strength > 0 && Strength <= 1))
            throw Wrong("strength", Strength, "must be above 0 and at most 1");
        if (DenoisingEnd is { } end && !(end > 0 && end < 1))
            throw Wrong("denoising_end", end, "must be above 0 and below 1");
        if (InitImage is { } image && !image.shape.SequenceEqual([Prompt.Prompts.Count, 3, Height, Width]))
            throw new InvalidInputException("image", $"[{string.Join(", ", image.shape)}]", "does not have the size of the result", $"send {Width}x{Height} pixels");
    }

    private static InvalidInputException Wrong(string field, double value, string problem) =>
        new(field, value.ToString(CultureInfo.InvariantCulture), problem, "send another value, or leave it out");
}
