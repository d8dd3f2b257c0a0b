using Realign.Core.Files;
using Realign.Tokenizers;
using Realign.VisionLanguage.ImageReward;

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
        var findings = new Findings();
        _ = findings.Try(() => BertTokenizer.Load(folder));
        return new ModelReport
        {
            Path = folder,
            Kind = ModelKind.ImageReward,
            Description = "ImageReward",
            Parts = parts,
            Problems = findings.Problems,
            WaysOut = findings.WaysOut,
            MemoryBytes = Findings.TorchMemory(parts),
            License = LicenseFile.Find(folder),
        };
    }
}
