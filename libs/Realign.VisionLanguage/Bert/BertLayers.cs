// The pieces that the BERT-style parts share: Q-Former of BLIP-2, text model of BLIP (Devlin et al. 2018).
// Reference: transformers modeling_bert.py.
using Realign.Torch.Layers;
using Realign.Torch;
using Realign.VisionLanguage.Generation;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;
using LayerNorm = Realign.Torch.Layers.LayerNorm;
using Linear = Realign.Torch.Layers.Linear;

namespace Realign.VisionLanguage.Bert;

/// <summary>q, k, v projections and the attention itself; no output projection.</summary>
internal sealed class BertSelfAttention : nn.Module<Tensor, Tensor>
{
    private readonly long _heads;
    private readonly Linear query;
    private readonly Linear key;
    private readonly Linear value;

    public BertSelfAttention(long hiddenSize, long heads, long keyValueSize)
        : base(nameof(BertSelfAttention))
    {
        _heads = heads;
        query = new Linear(hiddenSize, hiddenSize);
        key = new Linear(keyValueSize, hiddenSize);
        value = new Linear(keyValueSize, hiddenSize);
        RegisterComponents();
    }

    public override Tensor forward(Tensor input) => forward(input, input, null);

    /// <summary>(B, Q, C), (B, K, Ckv), mask added to the logits -> (B, Q, C)</summary>
    public Tensor forward(Tensor input, Tensor source, Tensor? mask)
    {
        using var scope = NewDisposeScope();
        return Attend(input, Split(key, source), Split(value, source), mask).MoveToOuterDisposeScope();
    }

    /// <summary>Self-attention of the newest tokens over everything in the cache.</summary>
    public Tensor forward(Tensor input, Tensor? mask, KeyValueCache cache, int layer)
    {
        using var scope = NewDisposeScope();
        var (keys, values) = cache.Append(layer, Split(key, input), Split(value, input));
        return Attend(input, keys, values, mask).MoveToOuterDisposeScope();
    }

    /// <summary>Cross-attention whose keys and values are computed once per cache.</summary>
    public Tensor forwardCross(Tensor input, Tensor source, KeyValueCache cache, int layer)
    {
        using var scope = NewDisposeScope();
        var (keys, values) = cache.Fixed(layer, input.shape[0], () => (Split(key, source), Split(value, source)));
        return Attend(input, keys, values, null).MoveToOuterDisposeScope();
    }

    private Tensor Attend(Tensor input, Tensor keys, Tensor values, Tensor? mask) =>
        Attention.MergeHeads(Attention.ScaledDotProduct(Split(query, input), keys, values, mask));

    private Tensor Split(Linear projection, Tensor states) => Attention.SplitHeads(projection.forward(states), _heads);
}

/// <summary>Projection, residual, layer norm (post-norm).</summary>
internal sealed class BertSelfOutput : nn.Module<Tensor, Tensor, Tensor>
{
    private readonly Linear dense;
    private readonly LayerNorm LayerNorm;

    public BertSelfOutput(long inFeatures, long outFeatures, double layerNormEps)
        : base(nameof(BertSelfOutput))
    {
        dense = new Linear(inFeatures, outFeatures);
        LayerNorm = new LayerNorm(outFeatures, layerNormEps);
        RegisterComponents();
    }

    public override Tensor forward(Tensor input, Tensor residual)
    {
        using var scope = NewDisposeScope();
        return LayerNorm.forward(dense.forward(input).add(residual)).MoveToOuterDisposeScope();
    }
}

/// <summary>First half of the feed-forward block.</summary>
internal sealed class BertIntermediate : nn.Module<Tensor, Tensor>
{
    private readonly Linear dense;

    public BertIntermediate(long hiddenSize, long intermediateSize)
        : base(nameof(BertIntermediate))
    {
        dense = new Linear(hiddenSize, intermediateSize);
        RegisterComponents();
    }

    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        return F.gelu(dense.forward(input)).MoveToOuterDisposeScope();
    }
}

/// <summary>Masks added to attention logits.</summary>
internal static class AttentionMasks
{
    /// <summary>(B, K) of 1 = read, 0 = padding -> (B, 1, 1, K) of 0 and the type's lowest value.</summary>
    public static Tensor FromPadding(Tensor attentionMask, ScalarType dtype)
    {
        using var scope = NewDisposeScope();
        return attentionMask.eq(Scalars.Of(0)).to(dtype).mul(Scalars.Of(finfo(dtype).min))
            .view(attentionMask.shape[0], 1, 1, attentionMask.shape[1]).MoveToOuterDisposeScope();
    }

    /// <summary>A decoder's mask with padding; (B, K) -> (B, 1, K, K).</summary>
    public static Tensor Causal(Tensor attentionMask, ScalarType dtype)
    {
        using var scope = NewDisposeScope();
        var causal = Attention.CausalMask(attentionMask.shape[1], dtype, attentionMask.device);
        return minimum(causal, FromPadding(attentionMask, dtype)).MoveToOuterDisposeScope();
    }
}
