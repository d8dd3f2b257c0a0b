using Realign.Torch;
using static TorchSharp.torch;

namespace Realign.Diffusion.Daam;

/// <summary>Readings of DAAM heat maps. The caller's dispose scope owns all results.</summary>
public static class HeatMaps
{
    private const double Epsilon = 1e-6;

    /// <summary>Mean over the tokens of a word: (h, w).</summary>
    /// <param name="maps">(tokens, h, w)</param>
    /// <param name="columns">The word's tokens; the begin token is column 0.</param>
    public static Tensor Word(Tensor maps, IEnumerable<int> columns)
    {
        using var scope = NewDisposeScope();
        return stack(columns.Select(column => maps[column]), 0).mean([0]).MoveToOuterDisposeScope();
    }

    /// <summary>Divides the maps of begin token, prompt and end token by the sum over the prompt's: (promptTokens + 2, h, w).</summary>
    public static Tensor Normalize(Tensor maps, int promptTokens)
    {
        ArgumentNullException.ThrowIfNull(maps);
        using var scope = NewDisposeScope();
        var sum = maps.narrow(0, 1, promptTokens).sum(0, keepdim: true).add(Scalars.Of(Epsilon));
        return maps.narrow(0, 0, promptTokens + 2).div(sum).MoveToOuterDisposeScope();
    }

    /// <summary>Stretches a map to 0..1 for display; a flat map becomes 0.</summary>
    public static Tensor Display(Tensor map)
    {
        ArgumentNullException.ThrowIfNull(map);
        using var scope = NewDisposeScope();
        var (low, high) = (map.min(), map.max());
        return map.sub(low).div(high.sub(low).clamp_min(Scalars.Of(1e-12))).MoveToOuterDisposeScope();
    }

    /// <summary>rho: share of a map's mass inside a mask, 0..1.</summary>
    /// <param name="map">(h, w)</param>
    /// <param name="mask">(h, w), 0 or 1.</param>
    public static double Inside(Tensor map, Tensor mask)
    {
        ArgumentNullException.ThrowIfNull(map);
        using var scope = NewDisposeScope();
        return map.to(ScalarType.Float64).mul(mask).sum().div(map.to(ScalarType.Float64).sum()).item<double>();
    }
}
