using Realign.Clip.Text;
using Realign.Core.Configs;
using Realign.Core.Errors;
using Realign.Diffusion.Pipelines;
using Realign.Diffusion.Schedulers;
using Realign.Diffusion.UNet;
using Realign.Diffusion.Vae;
using Realign.Tokenizers;
using Realign.Torch;

namespace Realign.Diffusion.Snapshots;

/// <summary>Opens a downloaded Stable Diffusion folder, as <c>model_index.json</c> describes it. Safety checker and feature extractor are not used.</summary>
public static class StableDiffusionSnapshot
{
    private const string XlClass = "StableDiffusionXLPipeline";
    private const string Weights = "diffusion_pytorch_model";

    /// <summary>Loads every part.</summary>
    /// <param name="folder">Holds <c>model_index.json</c> and one folder per part.</param>
    /// <param name="placement">Device and type.</param>
    /// <param name="variant">For example <c>fp16</c>; parts without it are loaded from their plain files. Null = plain files.</param>
    /// <exception cref="ModelLoadException">Something is missing or does not fit; lists every problem of the part.</exception>
    public static StableDiffusionPipeline Load(string folder, TorchPlacement placement, string? variant = null)
    {
        var indexPath = Path.Combine(folder, "model_index.json");
        var index = ConfigReader.Open(indexPath);
        var isXl = index.OneOf("_class_name", null, "StableDiffusionPipeline", "StableDiffusionImg2ImgPipeline", XlClass, "StableDiffusionXLImg2ImgPipeline")
            .StartsWith("StableDiffusionXL", StringComparison.Ordinal);
        _ = index.Texts("unet", "diffusers", nameof(UNet2DConditionModel));
        _ = index.Texts("vae", "diffusers", nameof(AutoencoderKL));
        _ = index.Texts("text_encoder", "transformers", nameof(CLIPTextModel));
        _ = index.Texts("tokenizer", "transformers", "CLIPTokenizer", "CLIPTokenizerFast");
        _ = index.Texts("scheduler", ["diffusers", .. Scheduler.ClassNames]);
        if (isXl)
        {
            _ = index.Texts("text_encoder_2", "transformers", nameof(CLIPTextModelWithProjection));
            _ = index.Texts("tokenizer_2", "transformers", "CLIPTokenizer", "CLIPTokenizerFast");
        }

        var zerosForNoNegative = index.Bool("force_zeros_for_empty_prompt", true);
        index.ThrowIfAny();

        string Part(string name) => Path.Combine(folder, name);
        string? VariantOf(string part, string baseName) => variant is not null && HasVariant(Part(part), baseName, variant) ? variant : null;
        var scheduler = SchedulerConfig.Load(Path.Combine(Part("scheduler"), "scheduler_config.json"));
        var tower = new TextTower(ClipTokenizer.Load(Part("tokenizer")), CLIPTextModel.Load(Part("text_encoder"), placement, VariantOf("text_encoder", "model")));
        var second = isXl
            ? new TextTower(ClipTokenizer.Load(Part("tokenizer_2")), CLIPTextModelWithProjection.Load(Part("text_encoder_2"), placement, VariantOf("text_encoder_2", "model")))
            : null;
        var unet = UNet2DConditionModel.Load(Part("unet"), placement, VariantOf("unet", Weights));
        var vae = AutoencoderKL.Load(Part("vae"), placement, VariantOf("vae", Weights));
        CheckTogether(indexPath, tower, second, unet.Config, vae.Config);
        PromptEncoder prompts = second is null
            ? new StableDiffusionPromptEncoder(tower)
            : new StableDiffusionXLPromptEncoder(tower, second, zerosForNoNegative);
        return new StableDiffusionPipeline(prompts, second?.Model, unet, vae, scheduler, placement);
    }

    private static bool HasVariant(string folder, string baseName, string variant) => Directory.Exists(folder) && Directory.EnumerateFiles(folder)
        .Select(file => Path.GetFileName(file))
        .Any(name => name == $"{baseName}.{variant}.safetensors"
            || name == $"{baseName}.safetensors.index.{variant}.json" || name == $"{baseName}.{variant}.safetensors.index.json");

    private static void CheckTogether(string path, TextTower tower, TextTower? second, UNet2DConditionConfig unet, AutoencoderKLConfig vae)
    {
        var problems = new List<string>();
        void Require(bool condition, string problem)
        {
            if (!condition)
                problems.Add(problem);
        }

        var width = tower.Model.Config.HiddenSize + (second?.Model.Config.HiddenSize ?? 0);
        Require(width == unet.CrossAttentionDim, $"text width {width}, but unet cross_attention_dim {unet.CrossAttentionDim}");
        Require(unet.InChannels == vae.LatentChannels, $"unet in_channels {unet.InChannels}, but vae latent_channels {vae.LatentChannels}");
        Require(unet.OutChannels == vae.LatentChannels, $"unet out_channels {unet.OutChannels}, but vae latent_channels {vae.LatentChannels}");
        foreach (var text in new[] { tower, second })
        {
            if (text is not null)
                Require(text.Tokenizer.VocabularySize <= text.Model.Config.VocabSize, $"the tokenizer has {text.Tokenizer.VocabularySize} ids, the text encoder {text.Model.Config.VocabSize}");
        }

        Require(second is null == (unet.AddedInputDim is null), "text_encoder_2 and the unet's addition_embed_type do not belong together");
        if (second is not null && unet.AddedInputDim is { } added)
        {
            var wanted = second.Model.Config.ProjectionDim + (6 * unet.AdditionTimeEmbedDim!.Value);
            Require(added == wanted, $"unet projection_class_embeddings_input_dim {added}, but text and sizes have {wanted}");
        }

        if (problems.Count > 0)
            throw new ModelLoadException(path, problems, "download all folders of the snapshot from the same revision");
    }
}
