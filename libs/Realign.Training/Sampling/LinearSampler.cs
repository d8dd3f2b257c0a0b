using Realign.Core.Errors;

namespace Realign.Training.Sampling;

/// <summary>
/// DDIM and DDPM for epsilon prediction without clipping, in closed form. What a finished sample owes to each prediction is known
/// without automatic differentiation, which is what lets DRTune train early steps without a long graph.
/// </summary>
public sealed class LinearSampler
{
    private LinearSampler(IReadOnlyList<LinearStep> steps) => Steps = steps;

    /// <summary>Steps, noisiest first.</summary>
    public IReadOnlyList<LinearStep> Steps { get; }

    /// <summary>Denoising diffusion implicit models (Song et al. 2021).</summary>
    /// <param name="alphasCumprod">Table of training, one per timestep; the chain ends on its first entry (set_alpha_to_one = false).</param>
    /// <param name="timesteps">Visited times, descending and evenly spaced.</param>
    /// <param name="eta">0 = deterministic, 1 = as noisy as DDPM.</param>
    /// <exception cref="InvalidInputException">The times are outside the table or not descending.</exception>
    public static LinearSampler Ddim(IReadOnlyList<float> alphasCumprod, IReadOnlyList<int> timesteps, double eta = 0) =>
        Build(alphasCumprod, timesteps, alphasCumprod[0], (time, now, next) =>
        {
            var variance = eta * eta * Variance(now, next);
            var signal = Math.Sqrt(next / now);
            return new LinearStep(time, now, next, signal, Math.Sqrt(1 - next - variance) - (signal * Math.Sqrt(1 - now)), Math.Sqrt(variance));
        });

    /// <summary>Ancestral sampling (Ho et al. 2020) with the small fixed variance; the chain ends on abar = 1, where the sample is x0 itself.</summary>
    /// <param name="alphasCumprod">Table of training, one per timestep.</param>
    /// <param name="timesteps">Visited times, descending and evenly spaced.</param>
    /// <exception cref="InvalidInputException">The times are outside the table or not descending.</exception>
    public static LinearSampler Ddpm(IReadOnlyList<float> alphasCumprod, IReadOnlyList<int> timesteps) =>
        Build(alphasCumprod, timesteps, 1, (time, now, next) =>
        {
            var original = Math.Sqrt(next) * (1 - (now / next)) / (1 - now);
            var current = Math.Sqrt(now / next) * (1 - next) / (1 - now);
            return new LinearStep(time, now, next, (original / Math.Sqrt(now)) + current,
                -original * Math.Sqrt(1 - now) / Math.Sqrt(now), Math.Sqrt(Math.Max(Variance(now, next), 1e-20)));
        });

    /// <summary>
    /// d x0 / d eps_i where the inputs of the denoiser are constants: factor on each prediction in the sample after the last step, or,
    /// with a stop, in the x0' predicted at that step.
    /// </summary>
    /// <param name="stopStep">Index of the step whose x0' is the result; null = run to the end.</param>
    /// <returns>One per executed step.</returns>
    public IReadOnlyList<double> Sensitivities(int? stopStep = null)
    {
        if (stopStep is { } stop)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(stop, nameof(stopStep));
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(stop, Steps.Count, nameof(stopStep));
        }

        var executed = stopStep ?? Steps.Count;
        var result = new double[stopStep is null ? executed : executed + 1];
        var product = 1.0;
        if (stopStep is { } last)
        {
            result[last] = -Steps[last].Sigma;
            product = 1 / Math.Sqrt(Steps[last].AlphaCumprod);
        }

        for (var i = executed - 1; i >= 0; i--)
        {
            result[i] = Steps[i].Prediction * product;
            product *= Steps[i].Sample;
        }

        return result;
    }

    private static double Variance(double now, double next) => (1 - next) / (1 - now) * (1 - (now / next));

    private static LinearSampler Build(
        IReadOnlyList<float> table, IReadOnlyList<int> timesteps, double final, Func<int, double, double, LinearStep> step)
    {
        for (var i = 0; i < timesteps.Count; i++)
        {
            if (timesteps[i] < 0 || timesteps[i] >= table.Count || (i > 0 && timesteps[i] >= timesteps[i - 1]))
            {
                throw new InvalidInputException($"timesteps[{i}]", timesteps[i].ToString(), "times must descend inside the training schedule",
                    $"use times between {table.Count - 1} and 0");
            }
        }

        return new LinearSampler([.. timesteps.Select((time, i) => step(time, table[time], i + 1 < timesteps.Count ? table[timesteps[i + 1]] : final))]);
    }
}
