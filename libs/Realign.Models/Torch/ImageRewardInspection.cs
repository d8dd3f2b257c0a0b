using Realign.Core.Errors;
using Realign.Core.Files;
using Realign.VisionLanguage.ImageReward;
using Realign.VisionLanguage.Preference;

namespace Realign.Models.Torch;

/// <summary>ImageReward, which is published with configs of its own and code for the rest.</summary>
internal static class ImageRewardInspection
{
    private const string ConfigFile = "med_config.json";

    /// <summary>The report of a folder; null = it is no ImageReward.</summary>
    public static ModelReport? TryFolder(string folder)
    {
        if (!ModelFile.Exists(Path.Combine(folder, ConfigFile)))
            return null;
        var parts = ComponentInspection.Run("ImageReward", folder, nameof(ImageRewardModel), "ImageReward", ConfigFile);
        return WithTokenizer(Report(folder) with { Parts = parts, MemoryBytes = Findings.TorchMemory(parts) }, folder);
    }

    /// <summary>The report of a file with its keys.</summary>
    public static ModelReport File(string path)
    {
        var folder = ImageRewardModel.FolderOf(path);
        try
        {
            using var weights = ImageRewardModel.OpenWeights(path);
            using var model = new ImageRewardModel(ImageRewardModel.ReadConfig(folder, weights));
            var architecture = new Architecture(model, ImageRewardModel.Rules, false, [$"images of {model.Config.Vision.ImageSize} pixels"]);
            return WithTokenizer(RewardInspection.Compared(Report(path), architecture, () => ImageRewardModel.OpenWeights(path)), folder);
        }
        catch (ModelLoadException exception)
        {
            return Report(path).With(exception);
        }
    }

    private static ModelReport WithTokenizer(ModelReport report, string folder)
    {
        var findings = new Findings();
        _ = findings.Try(() => ImageRewardScorer.ReadTokenizer(folder, ImageRewardConfig.Load(folder).Text.VocabSize));
        return report with { Problems = findings.Problems, WaysOut = findings.WaysOut };
    }

    private static ModelReport Report(string path) =>
        new() { Path = path, Kind = ModelKind.ImageReward, Description = "ImageReward", License = LicenseFile.Find(path) };
}
