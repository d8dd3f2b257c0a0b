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

    public CLIPTextOutput forward(Tensor inputIds, Tensor? attentionMask = null, Tensor? furtherRows = null)
    {
        Check(inputIds, furtherRows);
        using var scope = NewDisposeScope();
        var embedded = embeddings.forward(inputIds, furtherRows);
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
        // the largest id of the table: those of further rows are none of its
        ? inputIds.masked_fill(inputIds.ge(Scalars.Of(_config.VocabSize)), Scalars.Of(0)).argmax(-1)
        : inputIds.eq(Scalars.Of(_config.EosTokenId)).to(ScalarType.Int32).argmax(-1);

    private void Check(Tensor inputIds, Tensor? furtherRows)
    {
        if (furtherRows is not null && (furtherRows.dim() != 2 || furtherRows.shape[1] != _config.HiddenSize))
            throw new ArgumentException($"further rows have shape [{string.Join(", ", furtherRows.shape)}]", nameof(furtherRows));
        if (inputIds.dim() != 2 || inputIds.dtype != ScalarType.Int64 || inputIds.numel() == 0)
            throw new ArgumentException($"input ids must be int64 (batch, length), got {inputIds.dtype} [{string.Join(", ", inputIds.shape)}]",
                nameof(inputIds));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(inputIds.shape[1], _config.MaxPositionEmbeddings, nameof(inputIds));
        using var scope = NewDisposeScope();
        ArgumentOutOfRangeException.ThrowIfLessThan(inputIds.min().ToInt64(), 0, nameof(inputIds));
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(
            inputIds.max().ToInt64(), _config.VocabSize + (furtherRows?.shape[0] ?? 0), nameof(inputIds));
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

    public Tensor forward(Tensor inputIds, Tensor? furtherRows) =>
        Rows(inputIds, furtherRows).add(position_embedding.weight.narrow(0, 0, inputIds.shape[1]));

    private Tensor Rows(Tensor inputIds, Tensor? furtherRows)
    {
        if (furtherRows is null)
            return token_embedding.forward(inputIds);
        var table = token_embedding.weight;
        var isFurther = inputIds.ge(Scalars.Of(table.shape[0]));
        var own = token_embedding.forward(inputIds.masked_fill(isFurther, Scalars.Of(0)));
        var places = inputIds.sub(Scalars.Of(table.shape[0])).clamp_min(Scalars.Of(0));
        // (B, T) -> (B, T, W)
        var further = furtherRows.to(table.dtype, table.device).index(TensorIndex.Tensor(places));
        return where(isFurther.unsqueeze(-1), further, own);
    }
}
