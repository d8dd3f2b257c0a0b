// BLIP retrieval model (Li et al. 2022). Reference: transformers modeling_blip.py.
using Realign.Rewards.Tensors;
using Realign.Safetensors;
using Realign.Torch;
using Realign.Torch.Weights;
using Realign.VisionLanguage.Generation;
using Realign.VisionLanguage.Vision;
using static TorchSharp.torch;
using Linear = Realign.Torch.Layers.Linear;

namespace Realign.VisionLanguage.Blip;

/// <summary>
/// Compares images and texts: contrastive features (ITC) and matching (ITM). For ITM the original code replaced the first id of a
/// text by [ENC], the transformers class does not; the caller decides by the ids it passes.
/// </summary>
public sealed class BlipForImageTextRetrieval : nn.Module
{
    private readonly BlipVisionModel vision_model;
    private readonly BlipTextModel text_encoder;
    private readonly Linear vision_proj;
    private readonly Linear text_proj;
    private readonly Linear itm_head;

    /// <summary>A model without weights.</summary>
    public BlipForImageTextRetrieval(BlipConfig config)
        : base(nameof(BlipForImageTextRetrieval))
    {
        Config = config;
        vision_model = new BlipVisionModel(config.Vision);
        text_encoder = new BlipTextModel(config.Text);
        vision_proj = new Linear(config.Vision.HiddenSize, config.ImageTextHiddenSize);
        text_proj = new Linear(config.Text.HiddenSize, config.ImageTextHiddenSize);
        itm_head = new Linear(config.Text.HiddenSize, 2);
        RegisterComponents();
    }

    /// <summary>The config it was built from.</summary>
    public BlipConfig Config { get; }

    /// <summary>Text model.</summary>
    internal BlipTextModel TextEncoder => text_encoder;

    /// <summary>Keys of the published files.</summary>
    public static KeyRules Rules { get; } = new()
    {
        Rename = static key => key.EndsWith("position_ids", StringComparison.Ordinal) ? null : key,
    };

    /// <summary>Loads a snapshot folder: <c>config.json</c> and <c>model*.safetensors</c>.</summary>
    /// <exception cref="Core.Errors.ModelLoadException">Lists everything that does not fit.</exception>
    public static BlipForImageTextRetrieval Load(string folder, TorchPlacement placement)
    {
        var config = BlipConfig.Load(Path.Combine(folder, "config.json"));
        using var weights = SafetensorsSet.OpenFolder(folder, "model");
        var model = new BlipForImageTextRetrieval(config);
        try
        {
            StateDict.Load(model, weights, placement, Rules);
        }
        catch
        {
            model.Dispose();
            throw;
        }

        return model;
    }

    /// <summary>(B, 3, S, S) normalized pixels -> (B, P, E) image vectors.</summary>
    internal Tensor EncodeImage(Tensor pixelValues) => vision_model.forward(pixelValues);

    /// <summary>(B, P, E) image vectors -> (B, D) contrastive features, rows of length 1.</summary>
    internal Tensor ImageFeatures(Tensor image)
    {
        using var scope = NewDisposeScope();
        return FeatureCosine.Normalize(vision_proj.forward(image.select(1, 0))).MoveToOuterDisposeScope();
    }

    /// <summary>Texts (B, T) -> (B, D) contrastive features, rows of length 1.</summary>
    internal Tensor TextFeatures(TokenBatch texts)
    {
        using var scope = NewDisposeScope();
        return ProjectText(text_encoder.Encode(texts, null)).MoveToOuterDisposeScope();
    }

    /// <summary>Hidden states (B, T, C) of texts alone -> (B, D) features, rows of length 1: the first token's state, projected.</summary>
    internal Tensor ProjectText(Tensor states)
    {
        using var scope = NewDisposeScope();
        return FeatureCosine.Normalize(text_proj.forward(states.select(1, 0))).MoveToOuterDisposeScope();
    }

    /// <summary>ITM logits (B, 2) of (B, P, E) image vectors and B texts; index 1 = match.</summary>
    internal Tensor MatchingLogits(Tensor image, TokenBatch texts)
    {
        using var scope = NewDisposeScope();
        return itm_head.forward(text_encoder.Encode(texts, image).select(1, 0)).MoveToOuterDisposeScope();
    }

    /// <summary>ITM: probability of a match, (B), computed in float32.</summary>
    internal Tensor MatchingScore(Tensor image, TokenBatch texts)
    {
        using var scope = NewDisposeScope();
        return MatchingLogits(image, texts).to(ScalarType.Float32).softmax(-1).select(1, 1).MoveToOuterDisposeScope();
    }
}
