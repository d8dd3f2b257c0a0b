// CLIP (Radford et al. 2021). Reference: transformers modeling_clip.py.
using Realign.Clip.Text;
using Realign.Clip.Vision;
using Realign.Core.Errors;
using Realign.Safetensors;
using Realign.Torch;
using Realign.Torch.Weights;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Realign.Clip;

/// <summary>Both CLIP towers with their projections into one space. Differentiable.</summary>
/// <remarks>Not thread-safe. Built without storage: <c>Load</c> or <see cref="StateDict.Load"/> gives it weights.</remarks>
public sealed class CLIPModel : nn.Module, IParameterOwner
{
    private Parameter logit_scale;
    private readonly CLIPTextTransformer text_model;
    private readonly CLIPVisionTransformer vision_model;
    private readonly Linear visual_projection;
    private readonly Linear text_projection;

    /// <summary>A model of the given sizes, on the meta device.</summary>
    public CLIPModel(CLIPConfig config)
        : base(nameof(CLIPModel))
    {
        Config = config;
        logit_scale = new Parameter(empty([], device: META), requires_grad: false);
        text_model = new CLIPTextTransformer(config.Text);
        vision_model = new CLIPVisionTransformer(config.Vision);
        visual_projection = new Linear(config.Vision.HiddenSize, config.ProjectionDim, hasBias: false);
        text_projection = new Linear(config.Text.HiddenSize, config.ProjectionDim, hasBias: false);
        RegisterComponents();
    }

    void IParameterOwner.Place(string name, Parameter parameter)
    {
        logit_scale = parameter;
        ConditionallyRegisterParameter(name, parameter);
    }

    /// <summary>Sizes.</summary>
    public CLIPConfig Config { get; }

    /// <summary>Names of published files, with and without the <c>position_ids</c> buffers.</summary>
    public static KeyRules Rules { get; } = new()
    {
        Rename = static key => key.EndsWith("embeddings.position_ids", StringComparison.Ordinal) ? null : key,
    };

    /// <summary>Factor on cosines in the published logits.</summary>
    internal Tensor LogitScale => logit_scale.exp();

    /// <summary>Opens a snapshot folder.</summary>
    /// <param name="folder">Holds <c>config.json</c> and <c>model[.variant].safetensors</c> or shards.</param>
    /// <param name="placement">Device and type.</param>
    /// <param name="variant">For example <c>fp16</c>; null for the plain file.</param>
    /// <exception cref="ModelLoadException">Config or weights do not fit; lists every problem.</exception>
    public static CLIPModel Load(string folder, TorchPlacement placement, string? variant = null)
    {
        var config = CLIPConfig.Load(Path.Combine(folder, "config.json"));
        using var weights = SafetensorsSet.OpenFolder(folder, "model", variant);
        return Load(config, weights, placement, Rules);
    }

    /// <summary>A model with weights from anywhere.</summary>
    /// <param name="config">Sizes.</param>
    /// <param name="weights">Opened files; stay the caller's.</param>
    /// <param name="placement">Device and type.</param>
    /// <param name="rules">How its keys are spelled.</param>
    /// <exception cref="ModelLoadException">The weights do not fit; lists every problem.</exception>
    public static CLIPModel Load(CLIPConfig config, SafetensorsSet weights, TorchPlacement placement, KeyRules rules)
    {
        var model = new CLIPModel(config);
        try
        {
            StateDict.Load(model, weights, placement, rules);
            model.eval();
            return model;
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>The text tower alone.</summary>
    /// <param name="inputIds">int64 (B, T), padded on the right.</param>
    /// <param name="attentionMask">(B, T) of 1 = read, 0 = padding. Null reads padding too, which changes only states behind the end token.</param>
    internal CLIPTextOutput EncodeText(Tensor inputIds, Tensor? attentionMask = null) => text_model.forward(inputIds, attentionMask);

    /// <summary>The vision tower alone: (B, 3, S, S) normalized pixels.</summary>
    internal CLIPVisionOutput EncodeImage(Tensor pixelValues) => vision_model.forward(pixelValues);

    /// <summary>int64 (B, T) ids -> (B, P) text features, not normalized.</summary>
    public Tensor TextFeatures(Tensor inputIds)
    {
        using var scope = NewDisposeScope();
        return text_projection.forward(text_model.forward(inputIds).PooledOutput).MoveToOuterDisposeScope();
    }

    /// <summary>(B, 3, S, S) normalized pixels -> (B, P) image features, not normalized.</summary>
    public Tensor ImageFeatures(Tensor pixelValues)
    {
        using var scope = NewDisposeScope();
        return visual_projection.forward(vision_model.forward(pixelValues).PooledOutput).MoveToOuterDisposeScope();
    }
}
