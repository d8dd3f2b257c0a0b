using System.Diagnostics;
using Realign.Diffusion.Attention;
using Realign.Diffusion.UNet;
using static TorchSharp.torch;

namespace Realign.KernelBenchmark;

/// <summary>Where the time of a UNet pass goes: what passes between the end of one module and the end of the next one is the latter's.</summary>
internal sealed class UNetProfile
{
    private readonly Dictionary<string, List<double>> _milliseconds = [];
    private readonly List<string> _order = [];
    private long _last;

    /// <summary>One pass, counted.</summary>
    public void Add(UNet2DConditionModel model, Tensor sample, Tensor time, Tensor context, IAttentionProcessor? attention)
    {
        using var scope = NewDisposeScope();
        _last = Stopwatch.GetTimestamp();
        using var output = model.forward(sample, time, context, observer: (module, _) => Count(module), attention: attention);
        Count("conv_out");
    }

    /// <summary>Milliseconds of each module, the median of the passes, in the order of the pass.</summary>
    public IEnumerable<(string Module, double Milliseconds)> Medians() =>
        _order.Select(module => (module, _milliseconds[module].Order().ElementAt(_milliseconds[module].Count / 2)));

    private void Count(string module)
    {
        var now = Stopwatch.GetTimestamp();
        if (!_milliseconds.TryGetValue(module, out var times))
        {
            _milliseconds.Add(module, times = []);
            _order.Add(module);
        }

        times.Add(Stopwatch.GetElapsedTime(_last, now).TotalMilliseconds);
        _last = now;
    }
}
