using Realign.Core.Errors;
using Realign.Diffusion.Checkpoints;
using Realign.Diffusion.Pipelines;
using Realign.Torch;
using static TorchSharp.torch;

namespace Realign.Diffusion.Snapshots;

/// <summary>
/// Opens a downloaded Stable Diffusion model: a folder as <c>model_index.json</c> describes it, or a whole checkpoint in one file. Safety checker and
/// feature extractor are not used.
/// </summary>
public static class StableDiffusionSnapshot
{
    /// <summary>Loads every part.</summary>
    /// <param name="path">
    /// Folder that holds <c>model_index.json</c> and one folder per part, or a <c>.safetensors</c> file in the first authors' layout.
    /// </param>
    /// <param name="placement">Device and type.</param>
    /// <param name="variant">For example <c>fp16</c>; parts without it are loaded from their plain files. Null = plain files, or the only variant of a
    /// part without them. A file has none.</param>
    /// <param name="halvesApart">Whether the two halves of a guided step are computed at once, each by one thread; null = where that uses cores that one
    /// operator cannot.</param>
    /// <exception cref="ModelLoadException">Something is missing or does not fit; lists every problem of the part.</exception>
    public static StableDiffusionPipeline Load(string path, TorchPlacement placement, string? variant = null, bool? halvesApart = null)
    {
        using ISnapshotSource source = SingleFileCheckpoint.IsNamed(path)
            ? new CheckpointSource(SingleFileCheckpoint.Open(path))
            : new FolderSource(path, variant);
        return Load(source, placement, halvesApart);
    }

    private static StableDiffusionPipeline Load(ISnapshotSource source, TorchPlacement placement, bool? halvesApart)
    {
        var index = source.Index;
        var scheduler = source.Scheduler();
        var tokenizers = index.TextTowers.ToDictionary(tower => tower.Encoder, tower => source.Tokenizer(tower.Tokenizer), StringComparer.Ordinal);
        var loaded = new Stack<nn.Module>();
        TModule Keep<TModule>(TModule module)
            where TModule : nn.Module
        {
            loaded.Push(module);
            return module;
        }

        try
        {
            var first = tokenizers.TryGetValue("text_encoder", out var tokenizer) ? new TextTower(tokenizer, Keep(source.TextEncoder(placement))) : null;
            var second = tokenizers.TryGetValue("text_encoder_2", out var other)
                ? new TextTower(other, Keep(source.TextEncoder2(placement))) { Index = first is null ? 0 : 1 }
                : null;
            var unet = Keep(source.UNet(placement));
            var vae = Keep(source.Vae(placement));
            var mismatches = SnapshotParts.Mismatches(unet.Config, vae.Config, Sizes(first), Sizes(second));
            if (mismatches.Count > 0)
                throw new ModelLoadException(index.Path, mismatches, "download all folders of the snapshot from the same revision");
            PromptEncoder prompts = second is null
                ? new StableDiffusionPromptEncoder(first!)
                : new StableDiffusionXLPromptEncoder(first, second, index.ZerosForEmptyPrompt);
            var defaults = SnapshotDefaults.Load(source.DefaultsFolder, index, scheduler.Kind, unet.Config);
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

    private static TextTowerSizes? Sizes(TextTower? tower) => tower is null ? null : new(tower.Model.Config, tower.Tokenizer.VocabularySize);
}
