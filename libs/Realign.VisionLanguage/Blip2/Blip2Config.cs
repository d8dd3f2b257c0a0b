using Realign.Core.Configs;
using Realign.VisionLanguage.Opt;
using Realign.VisionLanguage.QFormer;
using Realign.VisionLanguage.T5;
using Realign.VisionLanguage.Vision;

namespace Realign.VisionLanguage.Blip2;

/// <summary>A BLIP-2 snapshot, from its <c>config.json</c> (both layouts in circulation).</summary>
public sealed record Blip2Config
{
    /// <summary>Vision tower.</summary>
    public required BlipVisionConfig Vision { get; init; }

    /// <summary>Q-Former.</summary>
    public required Blip2QFormerConfig QFormer { get; init; }

    /// <summary>Language model when it is OPT.</summary>
    public OPTConfig? Opt { get; init; }

    /// <summary>Language model when it is T5.</summary>
    public T5Config? T5 { get; init; }

    /// <summary>Learned queries that stand for an image.</summary>
    public required int NumQueryTokens { get; init; }

    /// <summary>Width of the joint space of a retrieval model.</summary>
    public required int ImageTextHiddenSize { get; init; }

    /// <summary>Id of <c>&lt;image&gt;</c> in the newer layout; null in the first one.</summary>
    public int? ImageTokenIndex { get; init; }

    /// <summary>Reads a <c>config.json</c>.</summary>
    /// <exception cref="Core.Errors.ModelLoadException">Lists every field that cannot be used.</exception>
    public static Blip2Config Load(string path)
    {
        var root = ConfigReader.Open(path);
        var config = Read(root);
        root.ThrowIfAny();
        return config;
    }

    /// <summary>Reads the fields; problems are noted in the reader.</summary>
    public static Blip2Config Read(ConfigReader root)
    {
        _ = root.OneOf("model_type", "blip-2", "blip-2");
        root.Require(!root.Has("quantization_config"),
            "quantization_config: the weights are quantized (bitsandbytes, GPTQ, AWQ), which are not read: use the checkpoint in float16 or float32");
        var text = root.Section("text_config");
        var family = text.OneOf("model_type", "opt", "opt", "t5");
        var vision = BlipVisionConfig.ReadBlip2(root.Section("vision_config"));
        var config = new Blip2Config
        {
            Vision = vision,
            QFormer = Blip2QFormerConfig.Read(root.Section("qformer_config"), vision.HiddenSize),
            Opt = family == "opt" ? OPTConfig.Read(text) : null,
            T5 = family == "t5" ? T5Config.Read(text) : null,
            NumQueryTokens = root.Int("num_query_tokens", 32),
            ImageTextHiddenSize = root.Int("image_text_hidden_size", 256),
            ImageTokenIndex = ImageToken(root),
        };
        root.Require(root.Bool("use_decoder_only_language_model", family == "opt") == (family == "opt"),
            "use_decoder_only_language_model does not fit text_config.model_type");
        return config;
    }

    // the name changed once more with transformers 5
    private static int? ImageToken(ConfigReader root)
    {
        var name = root.Has("image_token_index") ? "image_token_index" : "image_token_id";
        return root.Has(name) ? root.Int(name, 0, min: 0) : null;
    }
}
