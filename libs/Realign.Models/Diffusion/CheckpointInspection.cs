using Realign.Clip.Text;
using Realign.Core.Errors;
using Realign.Diffusion.Checkpoints;
using Realign.Diffusion.Schedulers;
using Realign.Diffusion.Snapshots;
using Realign.Diffusion.UNet;
using Realign.Diffusion.Vae;
using Realign.Models.Torch;
using Realign.Tokenizers;

namespace Realign.Models.Diffusion;

/// <summary>A whole Stable Diffusion checkpoint in one file.</summary>
internal static class CheckpointInspection
{
    public static ModelReport Run(string path)
    {
        var report = new ModelReport
        {
            Path = path,
            Kind = ModelKind.StableDiffusion,
            Description = "Stable Diffusion in one file",
            License = LicenseFile.Find(path),
        };
        try
        {
            using var checkpoint = SingleFileCheckpoint.Open(path);
            return Describe(report, checkpoint);
        }
        catch (ModelLoadException exception)
        {
            return report.With(exception);
        }
    }

    private static ModelReport Describe(ModelReport report, SingleFileCheckpoint checkpoint)
    {
        var findings = new Findings();
        var facts = new List<string> { $"configs of its family; those in {checkpoint.ConfigFolder} would win" };
        if (Directory.Exists(checkpoint.ConfigFolder))
            facts[0] = $"configs from {checkpoint.ConfigFolder}, where there are any, else of its family";
        if (checkpoint.UnusedKeys > 0)
            facts.Add($"{checkpoint.UnusedKeys} keys are not used (training state, averaged weights, markers)");
        if (findings.Try(() => SchedulerConfig.Parse(checkpoint.ConfigJson("scheduler"), className: checkpoint.Index.SchedulerClass)) is { } scheduler)
            facts.AddRange(StableDiffusionInspection.SchedulerFacts(scheduler));
        var parts = checkpoint.Parts.Select(part => Part(checkpoint, part)).ToList();
        var isInpainting = false;
        if (parts.TrueForAll(part => part.Parameters > 0))
        {
            var unet = UNet2DConditionConfig.Read(checkpoint.Config("unet"));
            isInpainting = unet.TakesMaskedPicture;
            var towers = checkpoint.Index.TextTowers.ToDictionary(
                tower => tower.Encoder, tower => Tower(checkpoint, tower.Encoder, tower.Tokenizer, findings), StringComparer.Ordinal);
            if (!towers.ContainsValue(null))
            {
                findings.AddRange(SnapshotParts.Mismatches(unet, AutoencoderKLConfig.Read(checkpoint.Config("vae")),
                    towers.GetValueOrDefault("text_encoder"), towers.GetValueOrDefault("text_encoder_2")));
            }
        }

        return report with
        {
            Description = $"Stable Diffusion {Words(checkpoint.Family)}{(isInpainting ? " for inpainting" : "")} in one file",
            Facts = facts,
            Parts = parts,
            Problems = findings.Problems,
            WaysOut = findings.WaysOut,
            MemoryBytes = Findings.TorchMemory(parts),
        };
    }

    private static PartReport Part(SingleFileCheckpoint checkpoint, string name)
    {
        var className = name switch
        {
            "unet" => nameof(UNet2DConditionModel),
            "vae" => nameof(AutoencoderKL),
            "text_encoder" => nameof(CLIPTextModel),
            _ => nameof(CLIPTextModelWithProjection),
        };
        var part = new PartReport { Name = name, ClassName = className };
        try
        {
            var architecture = Architecture.Build(className, checkpoint.Config(name)) with { Rules = checkpoint.Rules(name) };
            using (architecture.Module)
            {
                var facts = checkpoint.Brings(name) ? architecture.Facts : [.. architecture.Facts, $"weights from {checkpoint.FolderOf(name)}"];
                return ComponentInspection.Compare(
                    part with { Parameters = architecture.Parameters, StaysFloat32 = architecture.StaysFloat32, Facts = facts }, architecture,
                    () => checkpoint.Weights(name));
            }
        }
        catch (ModelLoadException exception)
        {
            return part.With(exception);
        }
    }

    private static TextTowerSizes? Tower(SingleFileCheckpoint checkpoint, string part, string tokenizer, Findings findings)
    {
        var vocabulary = findings.Try(() => checkpoint.TokenizerFiles(tokenizer) is { } files
            ? ClipTokenizer.Published(files)
            : ClipTokenizer.Load(checkpoint.FolderOf(tokenizer)));
        return vocabulary is null ? null : new TextTowerSizes(CLIPTextConfig.Read(checkpoint.Config(part)), vocabulary.VocabularySize);
    }

    private static string Words(CheckpointFamily family) => family switch
    {
        CheckpointFamily.StableDiffusion1 => "1.x",
        CheckpointFamily.StableDiffusion2 => "2.x",
        CheckpointFamily.StableDiffusionXLRefiner => "XL refiner",
        _ => "XL",
    };
}
