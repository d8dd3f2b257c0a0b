using Realign.Core.Configs;
using Realign.VisionLanguage.Vision;

namespace Realign.VisionLanguage.Blip;

/// <summary>BLIP, captioning or retrieval, from its <c>config.json</c>.</summary>
public sealed record BlipConfig
{
    /// <summary>Vision tower.</summary>
    public required BlipVisionConfig Vision { get; init; }

    /// <summary>Text model.</summary>
    public required BlipTextConfig Text { get; init; }

    /// <summary>Width of the joint space of a retrieval model.</summary>
    public required int ImageTextHiddenSize { get; init; }

    /// <summary>Reads a <c>config.json</c>.</summary>
    /// <exception cref="Core.Errors.ModelLoadException">Lists every field that cannot be used.</exception>
    public static BlipConfig Load(string path)
    {
        var root = ConfigReader.Open(path);
        var config = Read(root);
        root.ThrowIfAny();
        return config;
    }

    /// <summary>Reads the fields; problems are noted in the reader.</summary>
    public static BlipConfig Read(ConfigReader root)
    {
        _ = root.OneOf("model_type", "blip", "blip");
        var vision = BlipVisionConfig.ReadBlip(root.Section("vision_config"));
        return new BlipConfig
        {
            Vision = vision,
            Text = BlipTextConfig.Read(root.Section("text_config"), vision.HiddenSize),
            ImageTextHiddenSize = root.Int("image_text_hidden_size", 256),
        };
    }
}
