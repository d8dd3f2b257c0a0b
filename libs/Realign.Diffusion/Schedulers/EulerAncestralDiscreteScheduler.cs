using Realign.Torch;
using static TorchSharp.torch;

namespace Realign.Diffusion.Schedulers;

/// <summary>Euler's method to a lower noise level than wanted, then fresh noise up to it.</summary>
internal sealed class EulerAncestralDiscreteScheduler : EulerSchedulerBase
{
    public EulerAncestralDiscreteScheduler(EulerAncestralDiscreteConfig config, SchedulerOptions options)
        : base(SchedulerKind.EulerAncestralDiscrete, config.Noise, options)
    {
        if (config.Noise.PredictionType == PredictionType.Sample)
            throw NotSupported("prediction_type", "sample");
    }

    public override bool NeedsNoise(int stepIndex) => true;

    private protected override double[] Plan(int steps)
    {
        var times = EulerTimesteps(steps);
        SetSigmas(times.Select(Train.At), endsAtSigmaMin: false);
        return times;
    }

    private protected override (Tensor Previous, Tensor Original) Advance(Tensor output, int index, Tensor sample, Tensor? noise)
    {
        var (from, to) = (Sigma(index), Sigma(index + 1));
        var (down, up) = AncestralStep.Between(from, to);
        var original = Original(output, index, sample, from);
        var slope = sample.sub(original).div(Scalars.Of(from));
        return (Combine((1, sample), (down - from, slope), (up, noise!)), original);
    }
}
