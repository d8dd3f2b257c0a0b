// CLIP's vision tower (Radford et al. 2021). Reference: transformers modeling_clip.py.
using Realign.Clip.Encoder;
using Realign.Torch.Weights;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Realign.Clip.Vision;

/// <summary>Embeddings, encoder and two norms. Keys are those of <c>vision_model</c>, the misspelt <c>pre_layrnorm</c> included.</summary>
internal sealed class CLIPVisionTransformer : nn.Module
{
    private readonly CLIPVisionEmbeddings embeddings;
    private readonly LayerNorm pre_layrnorm;
    private readonly CLIPEncoder encoder;
    private readonly LayerNorm post_layernorm;

    public CLIPVisionTransformer(CLIPVisionConfig config)
        : base(nameof(CLIPVisionTransformer))
    {
        embeddings = new CLIPVisionEmbeddings(config);
        pre_layrnorm = new LayerNorm(config.HiddenSize, config.LayerNormEps);
        encoder = new CLIPEncoder(new CLIPEncoderShape(
            config.NumHiddenLayers, config.HiddenSize, config.NumAttentionHeads, config.IntermediateSize, config.HiddenAct, config.LayerNormEps));
        post_layernorm = new LayerNorm(config.HiddenSize, config.LayerNormEps);
        RegisterComponents();
    }

    public CLIPVisionOutput forward(Tensor pixelValues)
    {
        using var scope = NewDisposeScope();
        var embedded = embeddings.forward(pixelValues);
        var states = encoder.forward(pre_layrnorm.forward(embedded), null);
        var pooled = post_layernorm.forward(states[^1].select(1, 0));
        return new CLIPVisionOutput([.. states.Select(state => state.MoveToOuterDisposeScope())],
            states[^1], pooled.MoveToOuterDisposeScope(), embedded.MoveToOuterDisposeScope());
    }
}

internal sealed class CLIPVisionEmbeddings : nn.Module, IParameterOwner
{
    private readonly long _imageSize;
    private Parameter class_embedding;
    private readonly Conv2d patch_embedding;
    private readonly Embedding position_embedding;

    public CLIPVisionEmbeddings(CLIPVisionConfig config)
        : base(nameof(CLIPVisionEmbeddings))
    {
        _imageSize = config.ImageSize;
        class_embedding = new Parameter(empty(config.HiddenSize, device: META), requires_grad: false);
        patch_embedding = new Conv2d(3, config.HiddenSize, config.PatchSize, stride: config.PatchSize, hasBias: false);
        position_embedding = new Embedding(config.NumPositions, config.HiddenSize);
        RegisterComponents();
    }

    void IParameterOwner.Place(string name, Parameter parameter)
    {
        class_embedding = parameter;
        ConditionallyRegisterParameter(name, parameter);
    }

    public Tensor forward(Tensor pixelValues)
    {
        if (pixelValues.dim() != 4 || pixelValues.shape[1] != 3 || pixelValues.shape[2] != _imageSize || pixelValues.shape[3] != _imageSize)
            throw new ArgumentException($"pixels must be (batch, 3, {_imageSize}, {_imageSize}), got [{string.Join(", ", pixelValues.shape)}]",
                nameof(pixelValues));
        using var scope = NewDisposeScope();
        var patches = patch_embedding.forward(pixelValues).flatten(2).transpose(1, 2); // (B, W, h, w) -> (B, h*w, W)
        var classes = class_embedding.view(1, 1, -1).expand(pixelValues.shape[0], 1, -1);
        return cat([classes, patches], 1).add(position_embedding.weight).MoveToOuterDisposeScope();
    }
}
