using Realign.Clip.Text;
using Realign.Clip.Vision;
using Realign.Core.Configs;

namespace Realign.Clip;

/// <summary>Both towers of a <c>CLIPModel</c>, from its <c>config.json</c>.</summary>
/// <param name="Text">Text tower.</param>
/// <param name="Vision">Vision tower.</param>
/// <param name="ProjectionDim">Width of the joint space.</param>
public sealed record CLIPConfig(CLIPTextConfig Text, CLIPVisionConfig Vision, int ProjectionDim)
{
    /// <summary>Reads a <c>config.json</c>.</summary>
    /// <exception cref="Core.Errors.ModelLoadException">Lists every field that cannot be used.</exception>
    public static CLIPConfig Load(string path) => Read(ConfigReader.Open(path));

    /// <summary>Reads the fields from an opened config.</summary>
    /// <exception cref="Core.Errors.ModelLoadException">Lists every field that cannot be used.</exception>
    public static CLIPConfig Read(ConfigReader reader)
    {
        ArgumentNullException.ThrowIfNull(reader);
        _ = reader.OneOf("model_type", "clip", "clip");
        var vision = CLIPVisionConfig.Read(reader.Section("vision_config"));
        var projection = reader.Int("projection_dim", 512, max: 1 << 16);
        var config = new CLIPConfig(CLIPTextConfig.Read(reader.Section("text_config")), vision, projection);
        reader.ThrowIfAny();
        return config;
    }
}
