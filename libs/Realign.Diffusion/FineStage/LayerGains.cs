using Realign.Torch;
using static TorchSharp.torch;

namespace Realign.Diffusion.FineStage;

/// <summary>Gains of some rows (queries) of one attention layer in one step, Eq. 7-10. The caller's dispose scope owns the tensors.</summary>
/// <param name="Positive">Gain of the pull upwards, (rows, keys).</param>
/// <param name="Negative">Gain of the pull downwards, (rows).</param>
public sealed record LayerGains(Tensor Positive, Tensor Negative)
{
    /// <summary>S g and g, with g = strength (1 - kappa a); both at most <see cref="ModulationOptions.MaxGain"/>, if there is one.</summary>
    /// <param name="selectors">Of the same rows.</param>
    /// <param name="strength">Weight of the kind of layer times lambda_t.</param>
    /// <param name="maxGain">The bound; null = none.</param>
    public static LayerGains At(LayerSelectors selectors, double strength, double? maxGain)
    {
        ArgumentNullException.ThrowIfNull(selectors);
        using var scope = NewDisposeScope();
        var gain = selectors.Rest.mul(Scalars.Of(strength));
        // the summed areas of overlapping masks exceed 1, and a negative gain would turn the pull around
        if (maxGain is not null)
            gain = gain.clamp_min(Scalars.Of(0));
        var positive = selectors.S.mul(gain.unsqueeze(1));
        if (maxGain is { } bound)
            (positive, gain) = (positive.clamp_max(Scalars.Of(bound)), gain.clamp_max(Scalars.Of(bound)));
        return new LayerGains(positive.MoveToOuterDisposeScope(), gain.MoveToOuterDisposeScope());
    }
}
