using Realign.Diffusion.UNet;
using Realign.Torch.Layers;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;
using Kernel = Realign.Torch.Layers.Attention;

namespace Realign.KernelBenchmark;

/// <summary>
/// The matrix products and convolutions of one UNet pass and nothing else: same shapes, no norms, no activations, no skips. What is left of
/// the UNet's time beyond theirs is the price of everything around them.
/// </summary>
internal sealed class UNetOperations : IDisposable
{
    private readonly List<Action> _operations = [];
    private readonly List<Tensor> _tensors = [];

    public UNetOperations(UNet2DConditionModel model, int batch, int side, int tokens)
    {
        var last = model.Config.BlockOutChannels.Count - 1;
        foreach (var (name, module) in model.named_modules())
        {
            var map = side >> Level(name, last);
            switch (module)
            {
                case Conv2d convolution:
                    Add(convolution, batch, name.Contains("upsamplers", StringComparison.Ordinal) ? map * 2 : map,
                        name.Contains("downsamplers", StringComparison.Ordinal) ? 2 : 1);
                    break;
                case Linear linear:
                    Add(linear, name.Contains("time_emb", StringComparison.Ordinal) ? [batch] : [batch, IsOfText(name) ? tokens : map * map]);
                    break;
            }

            if (name.EndsWith(".attn1", StringComparison.Ordinal) || name.EndsWith(".attn2", StringComparison.Ordinal))
            {
                var width = module.get_parameter("to_q.weight")!.shape[0];
                AddAttention(batch, model.Config.AttentionHeads[Level(name, last)], map * map, name.EndsWith(".attn1", StringComparison.Ordinal) ? map * map
                    : tokens, width);
            }
        }
    }

    /// <summary>Floating point operations, a multiply-add counted as two.</summary>
    public double Flops { get; private set; }

    public int Count => _operations.Count;

    public void Run()
    {
        foreach (var operation in _operations)
            operation();
    }

    public void Dispose()
    {
        foreach (var tensor in _tensors)
            tensor.Dispose();
    }

    private static int Level(string name, int last)
    {
        var parts = name.Split('.');
        return parts.Length == 1 ? 0 : parts[0] switch
        {
            "down_blocks" => int.Parse(parts[1], System.Globalization.CultureInfo.InvariantCulture),
            "up_blocks" => last - int.Parse(parts[1], System.Globalization.CultureInfo.InvariantCulture),
            "mid_block" => last,
            _ => 0,
        };
    }

    private static bool IsOfText(string name) => name.EndsWith("attn2.to_k", StringComparison.Ordinal) || name.EndsWith("attn2.to_v", StringComparison.Ordinal);

    private void Add(Conv2d layer, int batch, int side, int stride)
    {
        var (weight, bias) = (layer.weight, layer.bias);
        var input = Keep(randn(batch, weight.shape[1], side, side));
        long padding = weight.shape[2] / 2;
        _operations.Add(() => F.conv2d(input, weight, bias, [stride, stride], [padding, padding]).Dispose());
        var output = side / stride;
        Flops += 2.0 * batch * output * output * weight.numel();
    }

    private void Add(Linear layer, long[] rows)
    {
        var (weight, bias) = (layer.weight, layer.bias);
        var input = Keep(randn([.. rows, weight.shape[1]]));
        _operations.Add(() => F.linear(input, weight, bias).Dispose());
        Flops += 2.0 * rows.Aggregate(1L, (product, size) => product * size) * weight.numel();
    }

    private void AddAttention(int batch, int heads, int queries, int keys, long width)
    {
        var query = Keep(randn(batch, heads, queries, width / heads));
        var (key, value) = (Keep(randn(batch, heads, keys, width / heads)), Keep(randn(batch, heads, keys, width / heads)));
        _operations.Add(() => Kernel.ScaledDotProduct(query, key, value).Dispose());
        Flops += 4.0 * batch * queries * keys * width;
    }

    private Tensor Keep(Tensor tensor)
    {
        _tensors.Add(tensor.DetachFromDisposeScope());
        return tensor;
    }
}
