using System.Text;
using Realign.Diffusion.Schedulers;
using static TorchSharp.torch;

namespace Realign.Diffusion.Tests;

/// <summary>A denoiser of one number, and runs of samplers with it.</summary>
internal static class SamplerRun
{
    public const int Steps = 8;
    public const double Tolerance = 2e-5;

    public const string Config = """
        "beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear", "num_train_timesteps": 1000, "steps_offset": 1
        """;

    // what a denoiser predicts: neither linear in the latents nor in the level
    public static double Slope(double x, double sigma) => (Math.Tanh(x / Math.Sqrt(1 + (sigma * sigma))) * 0.8) + (0.1 * Math.Sin(sigma));

    public static double Noise(int index) => Math.Sin((7.3 * index) + 1);

    public static (double Down, double Up) Ancestral(double from, double to)
    {
        var up = Math.Min(to, Math.Sqrt(to * to * ((from * from) - (to * to)) / (from * from)));
        return (Math.Sqrt((to * to) - (up * up)), up);
    }

    // share of the picture at a level, where picture and noise keep the variance
    public static double Alpha(double sigma) => 1 / Math.Sqrt(1 + (sigma * sigma));

    public static double Expm1(double x) => Math.Exp(x) - 1;

    // Gauss-Legendre on many pieces
    public static double Integral(double from, double to, Func<double, double> function)
    {
        const int Pieces = 200;
        var width = (to - from) / Pieces;
        var offset = width / 2 / Math.Sqrt(3);
        return Enumerable.Range(0, Pieces).Select(i => from + ((i + 0.5) * width))
            .Sum(middle => (function(middle - offset) + function(middle + offset)) * width / 2);
    }

    public static IReadOnlyList<double> Sigmas(string spacing, SigmaSpacing levels)
    {
        using var euler = Create(SchedulerKind.EulerDiscrete, spacing, new SchedulerOptions { Spacing = levels });
        euler.SetTimesteps(Steps);
        return euler.Sigmas;
    }

    public static double Start(IReadOnlyList<double> sigmas) => Noise(-1) * sigmas[0];

    public static Scheduler Create(SchedulerKind kind, string spacing, SchedulerOptions options) =>
        SchedulerConfig.Parse(Encoding.UTF8.GetBytes($"{{ {Config}, \"timestep_spacing\": \"{spacing}\" }}")).Create(kind, options);

    public static double Run(SchedulerKind kind, string spacing, SigmaSpacing levels)
    {
        using var scheduler = Create(kind, spacing, new SchedulerOptions { Spacing = levels });
        scheduler.SetTimesteps(Steps);
        return Run(scheduler, sample => sample.Value, Noise(-1) * Sigmas(spacing, levels)[0]);
    }

    // latents of one number; the denoiser sees them at the level of the question
    public static double Run(Scheduler scheduler, Func<Sample, double> unscaled, double start) =>
        Run(scheduler, unscaled, start, i => scheduler.Sigmas[i]);

    public static double Run(Scheduler scheduler, Func<Sample, double> unscaled, double start, Func<int, double> level)
    {
        using var scope = NewDisposeScope();
        var latents = tensor(start, dtype: ScalarType.Float64);
        for (var i = 0; i < scheduler.Timesteps.Count; i++)
        {
            var output = tensor(Slope(unscaled(new Sample(i, latents.item<double>())), level(i)), dtype: ScalarType.Float64);
            var noise = scheduler.NeedsNoise(i) ? tensor(Noise(i), dtype: ScalarType.Float64) : null;
            latents = scheduler.Step(output, i, latents, noise).PrevSample;
        }

        return latents.item<double>();
    }

    public readonly record struct Sample(int Index, double Value)
    {
        public static double operator /(Sample sample, double divisor) => sample.Value / divisor;
    }
}
