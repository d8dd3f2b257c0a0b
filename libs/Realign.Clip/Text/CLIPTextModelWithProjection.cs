using Realign.Core.Errors;
using Realign.Safetensors;
using Realign.Torch;
using Realign.Torch.Weights;
using static TorchSharp.torch;

namespace Realign.Clip.Text;

/// <summary>The text tower with its projection into the joint space: tower 2 of Stable Diffusion XL. Extra key: <c>text_projection.weight</c>.</summary>
public sealed class CLIPTextModelWithProjection : CLIPTextModel
{
    private readonly Linear text_projection;

    /// <summary>A tower of the given sizes, on the meta device.</summary>
    public CLIPTextModelWithProjection(CLIPTextConfig config)
        : base(config, nameof(CLIPTextModelWithProjection))
    {
        text_projection = new Linear(config.HiddenSize, config.ProjectionDim, hasBias: false);
        RegisterComponents();
    }

    /// <summary>Opens a <c>text_encoder_2</c> folder; see <see cref="CLIPTextModel.Load(string, TorchPlacement, string?)"/>.</summary>
    /// <exception cref="ModelLoadException">Config or weights do not fit; lists every problem.</exception>
    public static new CLIPTextModelWithProjection Load(string folder, TorchPlacement placement, string? variant = null)
    {
        var model = new CLIPTextModelWithProjection(CLIPTextConfig.Load(Path.Combine(folder, "config.json")));
        model.LoadWeights(() => SafetensorsSet.OpenFolder(folder, "model", variant), placement, Rules);
        return model;
    }

    /// <summary>A tower with weights from anywhere; see <see cref="CLIPTextModel.Load(CLIPTextConfig, SafetensorsSet, TorchPlacement)"/>.</summary>
    /// <param name="config">Sizes.</param>
    /// <param name="weights">Opened files; stay the caller's.</param>
    /// <param name="placement">Device and type.</param>
    /// <param name="rules">How its keys are spelled.</param>
    /// <exception cref="ModelLoadException">The weights do not fit; lists every problem.</exception>
    public static CLIPTextModelWithProjection Load(CLIPTextConfig config, SafetensorsSet weights, TorchPlacement placement, KeyRules rules)
    {
        var model = new CLIPTextModelWithProjection(config);
        model.LoadWeights(weights, placement, rules);
        return model;
    }

    /// <summary>(B, W) pooled rows -> (B, P) text embeddings.</summary>
    public Tensor Project(Tensor pooled) => text_projection.forward(pooled);
}
