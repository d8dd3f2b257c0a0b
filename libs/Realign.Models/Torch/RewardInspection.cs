using Realign.Clip;
using Realign.Clip.OpenClip;
using Realign.Core.Errors;
using Realign.Core.Files;
using Realign.Safetensors;
using Realign.Tokenizers;
using Realign.VisionLanguage.Captioning;
using Realign.VisionLanguage.ImageReward;
using Realign.VisionLanguage.Preference;

namespace Realign.Models.Torch;

/// <summary>Rewards that are published as one file of weights, and look-alikes of them; what a file is stands in its keys.</summary>
internal static class RewardInspection
{
    /// <summary>The report of a folder that is one such model; null = it is none, or several.</summary>
    public static ModelReport? TryFolder(string folder) => Reports(folder) is [var one] ? one : null;

    /// <summary>The reports of all such files in a folder.</summary>
    public static IReadOnlyList<ModelReport> Reports(string folder) =>
        [.. Directory.GetFiles(folder, "*.safetensors").Order(StringComparer.Ordinal).Select(TryFile).OfType<ModelReport>()];

    /// <summary>The report of a file; null = it is none of them.</summary>
    public static ModelReport? TryFile(string path)
    {
        try
        {
            using var file = SafetensorsFile.Open(path);
            return OpenClipCheckpoint.IsLayoutOf(file.Entries) ? OpenClip(path)
                : AestheticPredictor.IsLayoutOf(file.Entries) ? Aesthetic(path)
                : ImageRewardModel.IsLayoutOf(file.Entries) ? ImageRewardInspection.File(path)
                : CaptionFamily.IsLavis(file.Entries) ? Lavis(path)
                : null;
        }
        catch (ModelLoadException)
        {
            return null;
        }
    }

    private static ModelReport OpenClip(string path)
    {
        var isHps = Path.GetFileName(path).Contains("HPS", StringComparison.OrdinalIgnoreCase);
        var report = Report(path, ModelKind.OpenClip, isHps ? "HPS v2 (CLIP in OpenCLIP's layout)" : "CLIP in OpenCLIP's layout");
        var folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        var findings = new Findings();
        try
        {
            using var checkpoint = OpenClipCheckpoint.Open(path);
            using var model = new CLIPModel(checkpoint.Config);
            var (text, vision) = (checkpoint.Config.Text, checkpoint.Config.Vision);
            var ids = findings.Try(() => ClipTokenizer.LoadOrPublished(folder))?.VocabularySize;
            if (ids > text.VocabSize)
                findings.Add($"the tokenizer has {ids} ids, the model {text.VocabSize}: they belong to different models");
            var facts = new[] { $"{text.HiddenAct}, images of {vision.ImageSize} pixels, joint space of width {checkpoint.Config.ProjectionDim}" };
            return Compared(report, new Architecture(model, checkpoint.Rules, false, facts), () => checkpoint.Weights) with
            {
                Facts = [ModelFile.Exists(Path.Combine(folder, OpenClipConfig.FileName))
                    ? $"sizes from {OpenClipConfig.FileName}"
                    : $"read as ViT-H-14; another one needs its {OpenClipConfig.FileName} beside it"],
                Problems = findings.Problems,
                WaysOut = findings.WaysOut,
            };
        }
        catch (ModelLoadException exception)
        {
            return report.With(exception);
        }
    }

    private static ModelReport Aesthetic(string path)
    {
        var report = Report(path, ModelKind.AestheticPredictor, "aesthetic predictor (LAION, linear)");
        try
        {
            using var weights = SafetensorsSet.OpenFile(path);
            using var predictor = AestheticPredictor.Create(weights);
            return Compared(report, new Architecture(predictor, AestheticPredictor.Rules, false,
                [$"reads image features of width {predictor.Width}"]), () => SafetensorsSet.OpenFile(path));
        }
        catch (ModelLoadException exception)
        {
            return report.With(exception);
        }
    }

    private static ModelReport Lavis(string path) => Report(path, ModelKind.Unknown, "BLIP-2 in LAVIS's layout").With(CaptionFamily.Lavis(path));

    /// <summary>A report with its only part compared with a structure.</summary>
    public static ModelReport Compared(ModelReport report, Architecture architecture, Func<SafetensorsSet> open)
    {
        var part = new PartReport
        {
            Name = Path.GetFileName(report.Path),
            ClassName = architecture.Module.GetType().Name,
            Parameters = architecture.Parameters,
            Facts = architecture.Facts,
        };
        IReadOnlyList<PartReport> parts = [ComponentInspection.Compare(part, architecture, open)];
        return report with { Parts = parts, MemoryBytes = Findings.TorchMemory(parts) };
    }

    private static ModelReport Report(string path, ModelKind kind, string description) =>
        new() { Path = path, Kind = kind, Description = description, License = LicenseFile.Find(path) };
}
