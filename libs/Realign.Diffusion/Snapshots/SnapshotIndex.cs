using Realign.Clip.Text;
using Realign.Core.Configs;
using Realign.Core.Errors;
using Realign.Diffusion.UNet;
using Realign.Diffusion.Vae;

namespace Realign.Diffusion.Snapshots;

/// <summary>The <c>model_index.json</c> of a Stable Diffusion folder.</summary>
/// <param name="Path">The file.</param>
/// <param name="IsXl">Whether it is of the XL family: a second text encoder, and sizes that the UNet is told.</param>
/// <param name="IsRefiner">XL: whether the first text encoder is left out, as the refiner has it.</param>
/// <param name="IsLatentConsistency">Whether it was distilled for a few steps (Luo et al. 2023).</param>
/// <param name="ZerosForEmptyPrompt">XL: without a negative prompt its states are zeros instead of those of the empty text.</param>
/// <param name="SchedulerClass">Class of the scheduler, implemented or not; null when the index names none.</param>
public sealed record SnapshotIndex(string Path, bool IsXl, bool IsRefiner, bool IsLatentConsistency, bool ZerosForEmptyPrompt, string? SchedulerClass)
{
    /// <summary>Name of the file.</summary>
    public const string FileName = "model_index.json";

    /// <summary>Its text encoders with their tokenizers, by the names of their folders.</summary>
    public IReadOnlyList<(string Encoder, string Tokenizer)> TextTowers =>
    [
        .. IsRefiner ? Array.Empty<(string, string)>() : [("text_encoder", "tokenizer")],
        .. IsXl ? [("text_encoder_2", "tokenizer_2")] : Array.Empty<(string, string)>(),
    ];

    /// <summary>Reads the index of a folder.</summary>
    /// <exception cref="ModelLoadException">It names a pipeline or a part that is not implemented; lists all.</exception>
    public static SnapshotIndex Load(string folder) => Read(ConfigReader.Open(System.IO.Path.Combine(folder, FileName)));

    /// <summary>Reads an opened index.</summary>
    /// <exception cref="ModelLoadException">As <see cref="Load"/>.</exception>
    public static SnapshotIndex Read(ConfigReader index)
    {
        ArgumentNullException.ThrowIfNull(index);
        var pipeline = index.OneOf("_class_name", null,
            "StableDiffusionPipeline", "StableDiffusionImg2ImgPipeline", "StableDiffusionInpaintPipeline", "LatentConsistencyModelPipeline",
            "LatentConsistencyModelImg2ImgPipeline", "StableDiffusionXLPipeline", "StableDiffusionXLImg2ImgPipeline", "StableDiffusionXLInpaintPipeline");
        var isXl = pipeline.StartsWith("StableDiffusionXL", StringComparison.Ordinal);
        var isLatentConsistency = pipeline.StartsWith("LatentConsistency", StringComparison.Ordinal);
        _ = index.Texts("unet", "diffusers", nameof(UNet2DConditionModel));
        _ = index.Texts("vae", "diffusers", nameof(AutoencoderKL));
        var isRefiner = isXl && index.IsEmptyList("text_encoder") && index.IsEmptyList("tokenizer");
        if (!isRefiner)
        {
            _ = index.Texts("text_encoder", "transformers", nameof(CLIPTextModel));
            _ = index.Texts("tokenizer", "transformers", "CLIPTokenizer", "CLIPTokenizerFast");
        }

        var scheduler = index.Texts("scheduler");
        if (isXl)
        {
            _ = index.Texts("text_encoder_2", "transformers", nameof(CLIPTextModelWithProjection));
            _ = index.Texts("tokenizer_2", "transformers", "CLIPTokenizer", "CLIPTokenizerFast");
        }

        // the refiner is told a score in place of the size that is wanted, and nothing else is
        if (isRefiner != index.Bool("requires_aesthetics_score", false))
            index.Problem("requires_aesthetics_score and the absence of text_encoder and tokenizer are implemented together only (the refiner)");
        var zeros = index.Bool("force_zeros_for_empty_prompt", true);
        index.ThrowIfAny();
        return new SnapshotIndex(index.Path, isXl, isRefiner, isLatentConsistency, zeros, scheduler.Count == 2 ? scheduler[1] : null);
    }
}
