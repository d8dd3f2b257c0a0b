using Realign.Clip.Text;
using Realign.Clip.Vision;
using Realign.Core.Configs;
using Realign.Core.Errors;
using Realign.Core.Files;

namespace Realign.Clip.OpenClip;

/// <summary>Sizes of a model in OpenCLIP's layout, from the <c>open_clip_config.json</c> that is published beside such weights.</summary>
public static class OpenClipConfig
{
    /// <summary>Name of the file.</summary>
    public const string FileName = "open_clip_config.json";

    // "the largest id of the sequence", as argmax there
    private const int LargestId = 2;

    // ViT-H-14: what HPS v2 was tuned from
    private static readonly byte[] VitH14 =
        """
        {"model_cfg": {"embed_dim": 1024,
            "vision_cfg": {"image_size": 224, "layers": 32, "width": 1280, "head_width": 80, "patch_size": 14},
            "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 1024, "heads": 16, "layers": 24}}}
        """u8.ToArray();

    /// <summary>Reads the file of a folder; ViT-H-14 where there is none.</summary>
    /// <exception cref="ModelLoadException">Lists every field that cannot be used.</exception>
    public static CLIPConfig Load(string folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        var path = Path.Combine(folder, FileName);
        var root = ModelFile.Exists(path) ? ConfigReader.Open(path) : ConfigReader.Parse("ViT-H-14", VitH14);
        var config = Read(root.Section("model_cfg"));
        root.ThrowIfAny();
        return config;
    }

    private static CLIPConfig Read(ConfigReader model)
    {
        model.Only("custom_text", "false");
        model.Only("multimodal_cfg", "null");
        var activation = model.Bool("quick_gelu", false) ? "quick_gelu" : "gelu";
        var width = model.Int("embed_dim", max: 1 << 16);
        return new CLIPConfig(Text(model.Section("text_cfg"), activation, width), Vision(model.Section("vision_cfg"), activation), width);
    }

    private static CLIPTextConfig Text(ConfigReader text, string activation, int projection)
    {
        text.Only("hf_model_name", "null");
        text.Only("embed_cls", "false");
        text.Only("no_causal_mask", "false");
        _ = text.OneOf("pool_type", "argmax", "argmax");
        var width = text.Int("width", 512, max: 1 << 16);
        var heads = text.Int("heads", 8, max: 1 << 10);
        text.Require(width % heads == 0, $"width {width} is not a multiple of heads {heads}");
        return new CLIPTextConfig
        {
            VocabSize = text.Int("vocab_size", 49408),
            HiddenSize = width,
            IntermediateSize = Inner(text, width),
            NumHiddenLayers = text.Int("layers", 12, max: 256),
            NumAttentionHeads = heads,
            MaxPositionEmbeddings = text.Int("context_length", 77, min: 2, max: 1 << 16),
            HiddenAct = activation,
            LayerNormEps = 1e-5,
            ProjectionDim = projection,
            EosTokenId = LargestId,
        };
    }

    private static CLIPVisionConfig Vision(ConfigReader vision, string activation)
    {
        vision.Only("timm_model_name", "null");
        vision.Only("attentional_pool", "false");
        vision.Only("no_ln_pre", "false");
        _ = vision.OneOf("pool_type", "tok", "tok");
        var width = vision.Int("width", 768, max: 1 << 16);
        var headWidth = vision.Int("head_width", 64, max: 1 << 10);
        vision.Require(width % headWidth == 0, $"width {width} is not a multiple of head_width {headWidth}");
        var config = new CLIPVisionConfig
        {
            HiddenSize = width,
            IntermediateSize = Inner(vision, width),
            NumHiddenLayers = vision.Int("layers", 12, max: 256),
            NumAttentionHeads = Math.Max(1, width / headWidth),
            ImageSize = vision.Int("image_size", 224, max: 1 << 14),
            PatchSize = vision.Int("patch_size", 16, max: 1 << 12),
            HiddenAct = activation,
            LayerNormEps = 1e-5,
        };
        vision.Require(config.PatchSize <= config.ImageSize, $"patch_size {config.PatchSize} is larger than image_size {config.ImageSize}");
        return config;
    }

    private static int Inner(ConfigReader tower, int width) => (int)(width * tower.Double("mlp_ratio", 4, min: 0.01, max: 64));
}
