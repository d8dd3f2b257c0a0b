using Realign.Core.Errors;

namespace Realign.Training.Optimization;

/// <summary>Learning rate of each optimizer step, counted from 0; with warm-up the first step has rate 0 (names of get_scheduler of diffusers).</summary>
public sealed record LearningRateSchedule
{
    private const double PolynomialEnd = 1e-7;

    /// <summary>Names that are known.</summary>
    public static IReadOnlyList<string> Names { get; } =
        ["constant", "constant_with_warmup", "linear", "cosine", "cosine_with_restarts", "polynomial"];

    /// <summary>One of <see cref="Names"/>.</summary>
    public required string Name { get; init; }

    /// <summary>Rate after the warm-up.</summary>
    public required double LearningRate { get; init; }

    /// <summary>Steps of linear growth from 0; ignored by <c>constant</c>.</summary>
    public int WarmupSteps { get; init; }

    /// <summary>Steps after which a falling schedule has reached its end.</summary>
    public int TrainingSteps { get; init; }

    /// <summary>Restarts of <c>cosine_with_restarts</c>.</summary>
    public int Cycles { get; init; } = 1;

    /// <summary>Exponent of <c>polynomial</c>, which ends at 1e-7.</summary>
    public double Power { get; init; } = 1;

    /// <summary>Rate of a step.</summary>
    /// <param name="step">From 0.</param>
    /// <exception cref="InvalidInputException">The name is unknown.</exception>
    public double At(int step)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(step);
        if (Name != "constant" && step < WarmupSteps)
            return LearningRate * step / Math.Max(1, WarmupSteps);
        var progress = (double)(step - WarmupSteps) / Math.Max(1, TrainingSteps - WarmupSteps);
        return Name switch
        {
            "constant" or "constant_with_warmup" => LearningRate,
            "linear" => LearningRate * Math.Max(0, 1 - progress),
            "cosine" => LearningRate * Math.Max(0, 0.5 * (1 + Math.Cos(Math.PI * progress))),
            "cosine_with_restarts" => progress >= 1 ? 0 : LearningRate * Math.Max(0, 0.5 * (1 + Math.Cos(Math.PI * (Cycles * progress % 1)))),
            "polynomial" => step > TrainingSteps
                ? PolynomialEnd
                : ((LearningRate - PolynomialEnd) * Math.Pow(1 - progress, Power)) + PolynomialEnd,
            _ => throw new InvalidInputException("lr_schedule", Name, "is unknown", $"use one of: {string.Join(", ", Names)}"),
        };
    }
}
