using Realign.Clip.Text;
using Realign.Diffusion.Schedulers;
using Realign.Diffusion.Snapshots;
using Realign.Diffusion.UNet;
using Realign.Diffusion.Vae;
using Realign.Models.Torch;
using Realign.Tokenizers;

namespace Realign.Models.Diffusion;

/// <summary>A whole Stable Diffusion snapshot.</summary>
internal static class StableDiffusionInspection
{
    private const string Weights = "diffusion_pytorch_model";

    public static ModelReport Run(string folder)
    {
        var findings = new Findings();
        var index = findings.Try(() => SnapshotIndex.Load(folder));
        var facts = new List<string>();
        var parts = new List<PartReport>();
        var description = "Stable Diffusion";
        if (index is not null)
        {
            facts.AddRange(TransformersInspection.Versions(index.Path));
            parts.AddRange(ComponentInspection.Run("unet", Path.Combine(folder, "unet"), nameof(UNet2DConditionModel), Weights));
            parts.AddRange(ComponentInspection.Run("vae", Path.Combine(folder, "vae"), nameof(AutoencoderKL), Weights));
            if (!index.IsRefiner)
                parts.AddRange(ComponentInspection.Run("text_encoder", Path.Combine(folder, "text_encoder"), nameof(CLIPTextModel), "model"));
            if (index.IsXl)
                parts.AddRange(ComponentInspection.Run("text_encoder_2", Path.Combine(folder, "text_encoder_2"), nameof(CLIPTextModelWithProjection), "model"));
            var schedulerFile = Path.Combine(folder, "scheduler", "scheduler_config.json");
            if (findings.Try(() => SchedulerConfig.Load(schedulerFile, index.SchedulerClass)) is { } scheduler)
            {
                facts.AddRange(SchedulerFacts(scheduler));
                if (new Findings().Try(() => UNet2DConditionConfig.Load(Path.Combine(folder, "unet", "config.json"))) is { } unet
                    && findings.Try(() => SnapshotDefaults.Load(folder, index, scheduler.Kind, unet)) is { } defaults)
                    facts.Add(FormattableString.Invariant(
                        $"{defaults.NumInferenceSteps} steps and guidance {defaults.GuidanceScale} unless a call says otherwise"));
            }

            description += $" {Generation(folder, index, findings)}";
            CheckVariants(parts, facts);
        }

        return new ModelReport
        {
            Path = folder,
            Kind = ModelKind.StableDiffusion,
            Description = description.TrimEnd(),
            Facts = facts,
            Parts = parts,
            Problems = findings.Problems,
            WaysOut = findings.WaysOut,
            MemoryBytes = Findings.TorchMemory(parts),
            License = LicenseFile.Find(folder),
        };
    }

    /// <summary>The model's own scheduler.</summary>
    internal static IEnumerable<string> SchedulerFacts(SchedulerConfig scheduler)
    {
        if (scheduler.OwnIsRefused is { } reason)
        {
            yield return $"{reason}: every call has to name another scheduler";
            yield break;
        }

        using var own = scheduler.Create();
        yield return $"scheduler {scheduler.ClassName}, the UNet predicts {Words(own.Config.PredictionType)}";
    }

    private static string Words(PredictionType type) => type switch
    {
        PredictionType.Epsilon => "epsilon",
        PredictionType.VPrediction => "v_prediction",
        _ => "sample",
    };

    // also the only place where all parts are looked at together
    private static string Generation(string folder, SnapshotIndex index, Findings findings)
    {
        var ignored = new Findings();
        string Config(string part) => Path.Combine(folder, part, "config.json");
        TextTowerSizes? Tower(string part, string tokenizer)
        {
            var config = ignored.Try(() => CLIPTextConfig.Load(Config(part)));
            var vocabulary = findings.Try(() => ClipTokenizer.Load(Path.Combine(folder, tokenizer)));
            return config is null || vocabulary is null ? null : new TextTowerSizes(config, vocabulary.VocabularySize);
        }

        var towers = index.TextTowers.ToDictionary(tower => tower.Encoder, tower => Tower(tower.Encoder, tower.Tokenizer), StringComparer.Ordinal);
        var first = towers.GetValueOrDefault("text_encoder");
        var unet = ignored.Try(() => UNet2DConditionConfig.Load(Config("unet")));
        var vae = ignored.Try(() => AutoencoderKLConfig.Load(Config("vae")));
        if (unet is not null && vae is not null && !towers.ContainsValue(null))
            findings.AddRange(SnapshotParts.Mismatches(unet, vae, first, towers.GetValueOrDefault("text_encoder_2")));
        // OpenCLIP's text tower, which came with 2.0, has another activation than OpenAI's
        var generation = index.IsRefiner ? "XL refiner" : index.IsXl ? "XL" : first is null ? "" : first.Config.HiddenAct == "quick_gelu" ? "1.x" : "2.x";
        return unet is { TakesMaskedPicture: true } ? $"{generation} for inpainting" : generation;
    }

    private static void CheckVariants(List<PartReport> parts, List<string> facts)
    {
        var variants = parts.Select(part => part.Variant).OfType<string>().Distinct().Order(StringComparer.Ordinal).ToList();
        if (variants.Count > 0)
            facts.Add($"variants {string.Join(", ", variants)}: a part without the one asked for is loaded from its plain files");
    }
}
