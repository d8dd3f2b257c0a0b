using Realign.Torch;
using static TorchSharp.torch;

namespace Realign.Training.Optimization;

/// <summary>
/// Dynamic loss scaling for float16 gradients (Micikevicius et al. 2018): halves the scale and skips the update when a gradient
/// overflows, doubles it after a run of good steps.
/// </summary>
public sealed class LossScaler(LossScalerOptions options)
{
    /// <summary>Factor on the loss of the next backward pass.</summary>
    public double Scale { get; private set; } = options.InitialScale;

    /// <summary>Good steps since the scale last changed.</summary>
    public int GrowthTracker { get; private set; }

    /// <summary>Divides gradients by the scale, in float32.</summary>
    /// <returns>New tensors in the caller's scope, or null when a gradient is not finite: then skip the update.</returns>
    public IReadOnlyList<Tensor>? Unscale(IReadOnlyList<Tensor> gradients)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        var unscaled = gradients.Select(gradient => gradient.to(ScalarType.Float32).div(Scalars.Of(Scale))).ToList();
        if (!unscaled.TrueForAll(gradient => isfinite(gradient).all().item<bool>()))
            return null;
        unscaled.ForEach(gradient => gradient.MoveToOuterDisposeScope());
        return unscaled;
    }

    /// <summary>Adapts the scale after a step.</summary>
    /// <param name="skipped">Whether the gradients were not finite.</param>
    public void Update(bool skipped)
    {
        if (skipped)
        {
            Scale *= options.BackoffFactor;
            GrowthTracker = 0;
        }
        else if (++GrowthTracker == options.GrowthInterval)
        {
            Scale *= options.GrowthFactor;
            GrowthTracker = 0;
        }
    }
}
