using Realign.Diffusion.Attention;
using TorchSharp.Modules;
using static TorchSharp.torch;
using Heads = Realign.Torch.Layers.Attention;

namespace Realign.Diffusion.UNet;

/// <summary>Multi-head attention of the UNet, over the text or over the image itself. Keys: <c>to_q/to_k/to_v</c> without bias, <c>to_out.0</c>.</summary>
internal sealed class CrossAttention : nn.Module
{
    private readonly string _path;
    private readonly bool _isCross;
    private readonly int _heads;
    private readonly bool _upcast;
    public readonly Linear to_q;
    public readonly Linear to_k;
    public readonly Linear to_v;
    public readonly ModuleList<Linear> to_out;

    public CrossAttention(string path, int channels, int? contextChannels, int heads, bool upcast)
        : base(nameof(CrossAttention))
    {
        _path = path;
        _isCross = contextChannels is not null;
        _heads = heads;
        _upcast = upcast;
        to_q = new Linear(channels, channels, hasBias: false);
        to_k = new Linear(contextChannels ?? channels, channels, hasBias: false);
        to_v = new Linear(contextChannels ?? channels, channels, hasBias: false);
        to_out = new ModuleList<Linear>(new Linear(channels, channels));
        RegisterComponents();
    }

    /// <summary>(B, height * width, C) -> the same shape, before the residual is added</summary>
    public Tensor forward(Tensor hidden, UNetPass pass, int height, int width)
    {
        using var scope = NewDisposeScope();
        var query = Heads.SplitHeads(to_q.forward(hidden), _heads);
        var (key, value) = _isCross ? pass.Text.Of(_path, KeyAndValue) : KeyAndValue(hidden);
        var type = value.dtype;
        if (_upcast && type != ScalarType.Float32)
            (query, key, value) = (query.to(ScalarType.Float32), key.to(ScalarType.Float32), value.to(ScalarType.Float32));
        var attended = Attend(query, key, value, pass, height, width).to(type);
        return pass.Show(_path, to_out[0].forward(Heads.MergeHeads(attended))).MoveToOuterDisposeScope();
    }

    private (Tensor Key, Tensor Value) KeyAndValue(Tensor context) =>
        (Heads.SplitHeads(to_k.forward(context), _heads), Heads.SplitHeads(to_v.forward(context), _heads));

    private Tensor Attend(Tensor query, Tensor key, Tensor value, UNetPass pass, int height, int width)
    {
        if (pass.Processor is { } processor)
        {
            var site = new AttentionSite(_path, _isCross, height, width);
            if (processor.Handles(site))
                return processor.Process(site, query, key, value, 1 / Math.Sqrt(query.shape[^1]), pass.Cancellation);
        }

        return FusedAttention.Compute(query, key, value, null, pass.Cancellation);
    }
}
