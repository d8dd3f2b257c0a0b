// One block of OPT (Zhang et al. 2022). Reference: transformers modeling_opt.py.
using Realign.Torch.Layers;
using Realign.VisionLanguage.Generation;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;
using LayerNorm = Realign.Torch.Layers.LayerNorm;
using Linear = Realign.Torch.Layers.Linear;

namespace Realign.VisionLanguage.Opt;

internal sealed class OPTDecoderLayer : nn.Module<Tensor, Tensor?, Tensor>
{
    private const double LayerNormEps = 1e-5;

    private readonly bool _normBefore;
    private readonly OPTAttention self_attn;
    private readonly LayerNorm self_attn_layer_norm;
    private readonly Linear fc1;
    private readonly Linear fc2;
    private readonly LayerNorm final_layer_norm;

    public OPTDecoderLayer(OPTConfig config)
        : base(nameof(OPTDecoderLayer))
    {
        _normBefore = config.DoLayerNormBefore;
        self_attn = new OPTAttention(config);
        self_attn_layer_norm = new LayerNorm(config.HiddenSize, LayerNormEps);
        fc1 = new Linear(config.HiddenSize, config.FfnDim);
        fc2 = new Linear(config.FfnDim, config.HiddenSize);
        final_layer_norm = new LayerNorm(config.HiddenSize, LayerNormEps);
        RegisterComponents();
    }

    public override Tensor forward(Tensor input, Tensor? mask) => forward(input, mask, null, 0);

    public Tensor forward(Tensor input, Tensor? mask, KeyValueCache? cache, int layer)
    {
        using var scope = NewDisposeScope();
        var normed = _normBefore ? self_attn_layer_norm.forward(input) : input;
        var states = input.add(self_attn.forward(normed, mask, cache, layer));
        if (!_normBefore)
            states = self_attn_layer_norm.forward(states);
        normed = _normBefore ? final_layer_norm.forward(states) : states;
        states = states.add(fc2.forward(F.relu(fc1.forward(normed))));
        return (_normBefore ? states : final_layer_norm.forward(states)).MoveToOuterDisposeScope();
    }
}

internal sealed class OPTAttention : nn.Module<Tensor, Tensor?, Tensor>
{
    private readonly long _heads;
    private readonly Linear k_proj;
    private readonly Linear v_proj;
    private readonly Linear q_proj;
    private readonly Linear out_proj;

    public OPTAttention(OPTConfig config)
        : base(nameof(OPTAttention))
    {
        _heads = config.NumAttentionHeads;
        k_proj = new Linear(config.HiddenSize, config.HiddenSize);
        v_proj = new Linear(config.HiddenSize, config.HiddenSize);
        q_proj = new Linear(config.HiddenSize, config.HiddenSize);
        out_proj = new Linear(config.HiddenSize, config.HiddenSize);
        RegisterComponents();
    }

    public override Tensor forward(Tensor input, Tensor? mask) => forward(input, mask, null, 0);

    public Tensor forward(Tensor input, Tensor? mask, KeyValueCache? cache, int layer)
    {
        using var scope = NewDisposeScope();
        var keys = Attention.SplitHeads(k_proj.forward(input), _heads);
        var values = Attention.SplitHeads(v_proj.forward(input), _heads);
        if (cache is not null)
            (keys, values) = cache.Append(layer, keys, values);
        var context = Attention.ScaledDotProduct(Attention.SplitHeads(q_proj.forward(input), _heads), keys, values, mask);
        return out_proj.forward(Attention.MergeHeads(context)).MoveToOuterDisposeScope();
    }
}
