using Realign.Clip.Text;
using Realign.Core.Errors;
using Realign.Diffusion.Pipelines;
using Realign.Diffusion.Schedulers;
using Realign.Diffusion.UNet;
using Realign.Diffusion.Vae;
using Realign.Safetensors;
using Realign.Tokenizers;
using Realign.Torch;
using static TorchSharp.torch;

namespace Realign.Diffusion.Snapshots;

/// <summary>Opens a downloaded Stable Diffusion folder, as <c>model_index.json</c> describes it. Safety checker and feature extractor are not used.</summary>
public static class StableDiffusionSnapshot
{
    private const string Weights = "diffusion_pytorch_model";

    /// <summary>Loads every part.</summary>
    /// <param name="folder">Holds <c>model_index.json</c> and one folder per part.</param>
    /// <param name="placement">Device and type.</param>
    /// <param name="variant">For example <c>fp16</c>; parts without it are loaded from their plain files. Null = plain files, or the only variant of a
    /// part without them.</param>
    /// <param name="halvesApart">Whether the two halves of a guided step are computed at once, each by one thread; null = where that uses cores that one
    /// operator cannot.</param>
    /// <exception cref="ModelLoadException">Something is missing or does not fit; lists every problem of the part.</exception>
    public static StableDiffusionPipeline Load(string folder, TorchPlacement placement, string? variant = null, bool? halvesApart = null)
    {
        var index = SnapshotIndex.Load(folder);
        string Part(string name) => Path.Combine(folder, name);
        string? VariantOf(string part, string baseName) => SafetensorsSet.Variants(Part(part), baseName).Contains(variant) ? variant : null;
        var scheduler = SchedulerConfig.Load(Path.Combine(Part("scheduler"), "scheduler_config.json"), index.SchedulerClass);
        var tokenizer = ClipTokenizer.Load(Part("tokenizer"));
        var tokenizer2 = index.IsXl ? ClipTokenizer.Load(Part("tokenizer_2")) : null;
        var loaded = new Stack<nn.Module>();
        TModule Keep<TModule>(TModule module)
            where TModule : nn.Module
        {
            loaded.Push(module);
            return module;
        }

        try
        {
            var tower = new TextTower(tokenizer, Keep(CLIPTextModel.Load(Part("text_encoder"), placement, VariantOf("text_encoder", "model"))));
            var second = tokenizer2 is null
                ? null
                : new TextTower(tokenizer2, Keep(CLIPTextModelWithProjection.Load(Part("text_encoder_2"), placement, VariantOf("text_encoder_2", "model"))));
            var unet = Keep(UNet2DConditionModel.Load(Part("unet"), placement, VariantOf("unet", Weights)));
            var vae = Keep(AutoencoderKL.Load(Part("vae"), placement, VariantOf("vae", Weights)));
            var mismatches = SnapshotParts.Mismatches(unet.Config, vae.Config, Sizes(tower), second is null ? null : Sizes(second));
            if (mismatches.Count > 0)
                throw new ModelLoadException(index.Path, mismatches, "download all folders of the snapshot from the same revision");
            PromptEncoder prompts = second is null
                ? new StableDiffusionPromptEncoder(tower)
                : new StableDiffusionXLPromptEncoder(tower, second, index.ZerosForEmptyPrompt);
            var defaults = SnapshotDefaults.Load(folder, index, scheduler.Kind, unet.Config);
            return new StableDiffusionPipeline(prompts, second?.Model, unet, vae, scheduler, placement, defaults,
                halvesApart ?? (placement.Device.type == TorchSharp.DeviceType.CPU && TorchRuntime.HasSpareCores));
        }
        catch
        {
            // a service that keeps its previous model must not keep half of this one too
            foreach (var module in loaded)
                module.Dispose();
            throw;
        }
    }

    private static TextTowerSizes Sizes(TextTower tower) => new(tower.Model.Config, tower.Tokenizer.VocabularySize);
}
