// Attention of T5 (Raffel et al. 2020): no scaling, learned bias by relative position. Reference: transformers modeling_t5.py.
using Realign.Torch.Layers;
using Realign.Torch;
using Realign.VisionLanguage.Generation;
using static TorchSharp.torch;
using Embedding = Realign.Torch.Layers.Embedding;
using Linear = Realign.Torch.Layers.Linear;

namespace Realign.VisionLanguage.T5;

internal sealed class T5Attention : nn.Module
{
    private readonly T5Config _config;
    private readonly bool _bidirectional;
    private readonly Linear q;
    private readonly Linear k;
    private readonly Linear v;
    private readonly Linear o;
    private readonly Embedding? relative_attention_bias;

    public T5Attention(T5Config config, bool bidirectional, bool hasBias)
        : base(nameof(T5Attention))
    {
        _config = config;
        _bidirectional = bidirectional;
        var inner = (long)config.NumHeads * config.DKv;
        q = new Linear(config.DModel, inner, hasBias: false);
        k = new Linear(config.DModel, inner, hasBias: false);
        v = new Linear(config.DModel, inner, hasBias: false);
        o = new Linear(inner, config.DModel, hasBias: false);
        if (hasBias)
            relative_attention_bias = new Embedding(config.RelativeAttentionNumBuckets, config.NumHeads);
        RegisterComponents();
    }

    /// <summary>(B, Q, C), (B, K, C), bias added to the logits -> (B, Q, C)</summary>
    public Tensor forward(Tensor input, Tensor source, Tensor? bias)
    {
        using var scope = NewDisposeScope();
        return Attend(input, Split(k, source), Split(v, source), bias).MoveToOuterDisposeScope();
    }

    /// <summary>Self-attention of the newest tokens over everything in the cache.</summary>
    public Tensor forward(Tensor input, Tensor? bias, KeyValueCache cache, int layer)
    {
        using var scope = NewDisposeScope();
        var (keys, values) = cache.Append(layer, Split(k, input), Split(v, input));
        return Attend(input, keys, values, bias).MoveToOuterDisposeScope();
    }

    /// <summary>Cross-attention whose keys and values are computed once per cache.</summary>
    public Tensor forwardCross(Tensor input, Tensor source, KeyValueCache cache, int layer)
    {
        using var scope = NewDisposeScope();
        var (keys, values) = cache.Fixed(layer, input.shape[0], () => (Split(k, source), Split(v, source)));
        return Attend(input, keys, values, null).MoveToOuterDisposeScope();
    }

    /// <summary>Bias of queries at positions <paramref name="firstQuery"/>.. on keys 0..: (1, H, queries, keys).</summary>
    public Tensor PositionBias(long firstQuery, long queries, long keys, Device device)
    {
        if (relative_attention_bias is null)
            throw new InvalidOperationException("only the first block has a position bias");
        using var scope = NewDisposeScope();
        var context = arange(Scalars.Of(firstQuery), Scalars.Of(firstQuery + queries), device: device).unsqueeze(1);
        var relative = arange(Scalars.Of(keys), device: device).unsqueeze(0).sub(context);
        return relative_attention_bias.forward(Bucket(relative)).permute(2, 0, 1).unsqueeze(0).MoveToOuterDisposeScope(); // (Q, K, H) -> (1, H, Q, K)
    }

    /// <summary>Half of the buckets for exact distances, the rest for logarithmically growing ranges.</summary>
    private Tensor Bucket(Tensor relative)
    {
        using var scope = NewDisposeScope();
        long buckets = _config.RelativeAttentionNumBuckets;
        Tensor offset;
        if (_bidirectional)
        {
            buckets /= 2;
            offset = relative.gt(Scalars.Of(0)).to(ScalarType.Int64).mul(Scalars.Of(buckets));
            relative = relative.abs();
        }
        else
        {
            offset = zeros_like(relative);
            relative = relative.clamp(max: Scalars.Of(0)).neg();
        }

        var exact = buckets / 2;
        var far = relative.clamp(min: Scalars.Of(1)).to(ScalarType.Float32).div(Scalars.Of(exact)).log()
            .div(Scalars.Of(Math.Log((double)_config.RelativeAttentionMaxDistance / exact))).mul(Scalars.Of(buckets - exact))
            .to(ScalarType.Int64).add(Scalars.Of(exact)).clamp(max: Scalars.Of(buckets - 1));
        return offset.add(where(relative.lt(Scalars.Of(exact)), relative, far)).MoveToOuterDisposeScope();
    }

    private Tensor Attend(Tensor input, Tensor keys, Tensor values, Tensor? bias) =>
        o.forward(Attention.MergeHeads(Attention.ScaledDotProduct(Split(q, input), keys, values, bias, scale: 1)));

    private Tensor Split(Linear projection, Tensor states) => Attention.SplitHeads(projection.forward(states), _config.NumHeads);
}
