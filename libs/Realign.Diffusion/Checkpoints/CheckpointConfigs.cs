using System.Text.Json.Nodes;
using Realign.Core.Configs;
using Realign.Core.Files;
using Realign.Safetensors;

namespace Realign.Diffusion.Checkpoints;

/// <summary>
/// Configs of a checkpoint that brings none: those of the published snapshot of its family, as diffusers' <c>from_single_file</c> takes them, with what
/// the file's shapes, keys and metadata say. A folder <c>config</c> beside the file wins, file by file.
/// </summary>
/// <param name="file">The checkpoint.</param>
/// <param name="family">What it is.</param>
internal sealed class CheckpointConfigs(SafetensorsFile file, CheckpointFamily family)
{
    /// <summary>Folder beside the file, in the layout of a snapshot; need not be there.</summary>
    public string Folder { get; } = FolderBeside(file.Path);

    /// <summary>Where its configs are looked for.</summary>
    public static string FolderBeside(string path) => Path.Combine(Path.GetDirectoryName(Path.GetFullPath(path))!, "config");

    /// <summary>Place of a config in a snapshot.</summary>
    /// <param name="part">Folder of the part, or <c>model_index</c>.</param>
    public static string FileOf(string part) => part switch
    {
        "model_index" => "model_index.json",
        "scheduler" => "scheduler/scheduler_config.json",
        _ => $"{part}/config.json",
    };

    /// <summary>The config of a part.</summary>
    public ConfigReader Read(string part) => ConfigReader.Parse(PathOf(part), Json(part));

    /// <summary>What error messages call it.</summary>
    public string PathOf(string part) => IsGiven(part) ? Path.Combine(Folder, FileOf(part)) : $"{file.Path} ({FileOf(part)} of its family)";

    /// <summary>Its bytes.</summary>
    public byte[] Json(string part)
    {
        if (IsGiven(part))
            return ModelText.Read(Path.Combine(Folder, FileOf(part)));
        var config = Published(part);
        switch (part)
        {
            case "unet":
                if (InChannels == InpaintingChannels)
                    config["in_channels"] = InpaintingChannels;
                if (Architecture.StartsWith("stable-diffusion-v2-512", StringComparison.Ordinal))
                    config["sample_size"] = 64;
                break;
            case "model_index" when InChannels == InpaintingChannels:
                config["_class_name"] = config["_class_name"]!.GetValue<string>().Replace("Pipeline", "InpaintPipeline", StringComparison.Ordinal);
                break;
            case "scheduler":
                config["prediction_type"] = Prediction() ?? config["prediction_type"]!.GetValue<string>();
                if (file.Entries.ContainsKey("ztsnr"))
                    config["rescale_betas_zero_snr"] = true;
                break;
        }

        return System.Text.Encoding.UTF8.GetBytes(config.ToJsonString());
    }

    private const int InpaintingChannels = 9;

    private long InChannels => file.Entries.TryGetValue("model.diffusion_model.input_blocks.0.0.weight", out var entry) && entry.Shape is [_, var channels, ..]
        ? channels
        : 0;

    private string Architecture => file.Metadata.GetValueOrDefault("modelspec.architecture", "");

    private bool IsGiven(string part) => ModelFile.Exists(Path.Combine(Folder, FileOf(part)));

    // keys of their own (NoobAI), Stability's ModelSpec; 2.x without either predicts v, as its largest release
    private string? Prediction()
    {
        if (file.Entries.ContainsKey("v_pred"))
            return "v_prediction";
        return file.Metadata.GetValueOrDefault("modelspec.prediction_type") switch
        {
            "v" or "v_prediction" => "v_prediction",
            "epsilon" => "epsilon",
            _ => Architecture.StartsWith("stable-diffusion-v2-512", StringComparison.Ordinal) ? "epsilon" : null,
        };
    }

    private JsonObject Published(string part)
    {
        var prefix = family switch
        {
            CheckpointFamily.StableDiffusion1 => "sd1",
            CheckpointFamily.StableDiffusion2 => "sd2",
            CheckpointFamily.StableDiffusionXLRefiner when part is "model_index" or "unet" => "xl-refiner",
            _ => "xl",
        };
        using var resource = typeof(CheckpointConfigs).Assembly.GetManifestResourceStream($"{prefix}.{part}.json")!;
        return JsonNode.Parse(resource)!.AsObject();
    }
}
