using Realign.Clip.Encoder;
using Realign.Torch.Layers;
using Realign.Torch;
using TorchSharp;
using static TorchSharp.torch;

namespace Realign.Clip.Text;

/// <summary>Embeddings, causal encoder and final norm. Keys: <c>embeddings.*</c>, <c>encoder.layers.N.*</c>, <c>final_layer_norm.*</c>.</summary>
internal sealed class CLIPTextTransformer : nn.Module
{
    private const int LegacyEosTokenId = 2;
    private readonly CLIPTextConfig _config;
    public readonly CLIPTextEmbeddings embeddings;
    public readonly CLIPEncoder encoder;
    public readonly LayerNorm final_layer_norm;

    public CLIPTextTransformer(CLIPTextConfig config)
        : base(nameof(CLIPTextTransformer))
    {
        _config = config;
        embeddings = new CLIPTextEmbeddings(config);
        encoder = new CLIPEncoder(new CLIPEncoderShape(
            config.NumHiddenLayers, config.HiddenSize, config.NumAttentionHeads, config.IntermediateSize, config.HiddenAct, config.LayerNormEps));
        final_layer_norm = new LayerNorm(config.HiddenSize, config.LayerNormEps);
        RegisterComponents();
    }

    public CLIPTextOutput forward(Tensor inputIds, Tensor? attentionMask = null)
    {
        Check(inputIds);
        using var scope = NewDisposeScope();
        var embedded = embeddings.forward(inputIds);
        var mask = Attention.CausalMask(inputIds.shape[1], embedded.dtype, embedded.device);
        if (attentionMask is not null)
        {
            if (!attentionMask.shape.SequenceEqual(inputIds.shape))
                throw new ArgumentException($"the mask has shape [{string.Join(", ", attentionMask.shape)}]", nameof(attentionMask));
            mask = mask.masked_fill(attentionMask.eq(Scalars.Of(0)).unsqueeze(1).unsqueeze(1), Scalars.Of(finfo(embedded.dtype).min));
        }

        var states = encoder.forward(embedded, mask);
        var last = final_layer_norm.forward(states[^1]);
        var rows = arange(Scalars.Of(inputIds.shape[0]), device: last.device);
        var pooled = last.index(TensorIndex.Tensor(rows), TensorIndex.Tensor(PooledPositions(inputIds)));
        return new CLIPTextOutput(
            [.. states.Select(state => state.MoveToOuterDisposeScope())], last.MoveToOuterDisposeScope(), pooled.MoveToOuterDisposeScope());
    }

    private Tensor PooledPositions(Tensor inputIds) => _config.EosTokenId == LegacyEosTokenId
        ? inputIds.argmax(-1)
        : inputIds.eq(Scalars.Of(_config.EosTokenId)).to(ScalarType.Int32).argmax(-1);

    private void Check(Tensor inputIds)
    {
        if (inputIds.dim() != 2 || inputIds.dtype != ScalarType.Int64 || inputIds.numel() == 0)
            throw new ArgumentException($"input ids must be int64 (batch, length), got {inputIds.dtype} [{string.Join(", ", inputIds.shape)}]",
                nameof(inputIds));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(inputIds.shape[1], _config.MaxPositionEmbeddings, nameof(inputIds));
        using var scope = NewDisposeScope();
        ArgumentOutOfRangeException.ThrowIfLessThan(inputIds.min().ToInt64(), 0, nameof(inputIds));
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(inputIds.max().ToInt64(), _config.VocabSize, nameof(inputIds));
    }
}

internal sealed class CLIPTextEmbeddings : nn.Module
{
    public readonly Embedding token_embedding;
    public readonly Embedding position_embedding;

    public CLIPTextEmbeddings(CLIPTextConfig config)
        : base(nameof(CLIPTextEmbeddings))
    {
        token_embedding = new Embedding(config.VocabSize, config.HiddenSize);
        position_embedding = new Embedding(config.MaxPositionEmbeddings, config.HiddenSize);
        RegisterComponents();
    }

    public Tensor forward(Tensor inputIds) =>
        token_embedding.forward(inputIds).add(position_embedding.weight.narrow(0, 0, inputIds.shape[1]));
}
