using Realign.Torch;
using static TorchSharp.torch;

namespace Realign.Diffusion.Schedulers;

/// <summary>Euler's method on the probability-flow equation, with optional churn (Karras et al. 2022, algorithm 2).</summary>
internal sealed class EulerDiscreteScheduler : EulerSchedulerBase
{
    private readonly EulerDiscreteConfig _config;

    public EulerDiscreteScheduler(EulerDiscreteConfig config, SchedulerOptions options)
        : base(SchedulerKind.EulerDiscrete, config.Noise, options)
    {
        _config = config;
        if (config.SigmaSpacing == SigmaSpacing.LuLambdas)
            throw NotSupported("use_lu_lambdas", "true");
        if (config.LogLinear && config.SigmaSpacing != SigmaSpacing.Timesteps)
            throw NotSupported("interpolation_type", "log_linear together with another spacing of the sigmas");
    }

    public override bool NeedsNoise(int stepIndex) => Gamma(stepIndex) > 0;

    private protected override double[] Plan(int steps)
    {
        var times = EulerTimesteps(steps);
        var (first, last) = (Train.At(times[0]), Train.At(times[^1]));
        if (_config.SigmaSpacing == SigmaSpacing.Timesteps)
        {
            // the log-linear list of the reference has one entry more before the final one; the last is never stepped from
            SetSigmas(
                _config.LogLinear ? SigmaSchedule.Space(SigmaSpacing.Exponential, Train.Largest, Train.Smallest, steps + 1) : times.Select(Train.At),
                _config.EndsAtSigmaMin);
            return times;
        }

        var sigmas = Spaced(_config.SigmaSpacing, first, last, steps);
        SetSigmas(sigmas, _config.EndsAtSigmaMin);
        return Array.ConvertAll(sigmas, sigma => (double)(float)Train.TimeOf(sigma));
    }

    private protected override (Tensor Previous, Tensor Original) Advance(Tensor output, int index, Tensor sample, Tensor? noise)
    {
        var gamma = Gamma(index);
        var sigma = Sigma(index) * (gamma + 1);
        if (gamma > 0)
            sample = sample.add(noise!.mul(Scalars.Of(Options.SNoise * Math.Sqrt((sigma * sigma) - (Sigma(index) * Sigma(index))))));
        var original = Original(output, index, sample, sigma);
        var slope = sample.sub(original).div(Scalars.Of(sigma));
        return (sample.add(slope.mul(Scalars.Of(Sigma(index + 1) - sigma))), original);
    }

    // the reference looks the alpha up under the number of the step, not under its timestep: kept, since results are held to it
    private protected override int VelocityIndex(int stepIndex) => stepIndex;

    private double Gamma(int index) => Options.SChurn > 0 && Options.STmin <= Sigma(index) && Sigma(index) <= Options.STmax
        ? Math.Min(Options.SChurn / (Sigmas.Count - 1), Math.Sqrt(2) - 1)
        : 0;
}
