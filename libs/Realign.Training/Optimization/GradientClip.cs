using Realign.Torch;
using static TorchSharp.torch;

namespace Realign.Training.Optimization;

/// <summary>Global norm clipping: all gradients times min(1, max / (total + 1e-6)). Never scales up.</summary>
public static class GradientClip
{
    private const double Guard = 1e-6;

    /// <summary>L2 norm over all gradients, summed in float64.</summary>
    public static double TotalNorm(IEnumerable<Tensor?> gradients)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        return Math.Sqrt(gradients.OfType<Tensor>().Sum(gradient => gradient.to(ScalarType.Float64).square().sum().item<double>()));
    }

    /// <summary>The factor for a total norm.</summary>
    public static double Coefficient(double totalNorm, double maxNorm) => Math.Min(1, maxNorm / (totalNorm + Guard));

    /// <summary>Scales gradients in place; returns the norm before.</summary>
    /// <param name="gradients">Nulls are skipped.</param>
    /// <param name="maxNorm">Above 0.</param>
    public static double Apply(IReadOnlyList<Tensor?> gradients, double maxNorm)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(maxNorm);
        var total = TotalNorm(gradients);
        var coefficient = Coefficient(total, maxNorm);
        if (coefficient >= 1)
            return total;
        using var noGradient = no_grad();
        foreach (var gradient in gradients.OfType<Tensor>())
            gradient.mul_(Scalars.Of(coefficient));
        return total;
    }
}
