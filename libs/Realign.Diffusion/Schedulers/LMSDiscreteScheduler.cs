using Realign.Torch;
using static TorchSharp.torch;

namespace Realign.Diffusion.Schedulers;

/// <summary>Linear multistep method of order 4: the polynomial through the last slopes is integrated over the step (k-diffusion's <c>sample_lms</c>).</summary>
internal sealed class LMSDiscreteScheduler : EulerSchedulerBase
{
    private const int MaxOrder = 4;
    private readonly SigmaSpacing _spacing;
    private readonly StepHistory _slopes = new(MaxOrder);

    public LMSDiscreteScheduler(SigmaSamplerConfig config, SchedulerOptions options)
        : base(SchedulerKind.LMSDiscrete, config.Noise, options)
    {
        _spacing = config.SigmaSpacing;
        if (_spacing == SigmaSpacing.LuLambdas)
            throw NotSupported("use_lu_lambdas", "true");
    }

    private protected override double[] Plan(int steps)
    {
        var (times, sigmas) = Levels(steps, _spacing);
        SetSigmas(sigmas, endsAtSigmaMin: false);
        return times;
    }

    private protected override void Forget() => _slopes.Clear();

    private protected override (Tensor Previous, Tensor Original) Advance(Tensor output, int index, Tensor sample, Tensor? noise)
    {
        var original = Original(output, index, sample, Sigma(index));
        _slopes.Add(sample.sub(original).div(Scalars.Of(Sigma(index))));
        var next = sample;
        for (var age = 0; age < _slopes.Count; age++)
            next = next.add(_slopes[age].mul(Scalars.Of(Coefficient(index, age, _slopes.Count))));
        return (next, original);
    }

    // integral of the Lagrange polynomial that is 1 at the level of one slope and 0 at those of the others
    private double Coefficient(int index, int age, int order)
    {
        // lowest power first, around the level of the step
        double[] polynomial = [1];
        for (var other = 0; other < order; other++)
        {
            if (other == age)
                continue;
            var (root, scale) = (Sigma(index - other) - Sigma(index), Sigma(index - age) - Sigma(index - other));
            var product = new double[polynomial.Length + 1];
            for (var power = 0; power < polynomial.Length; power++)
            {
                product[power] -= polynomial[power] * root / scale;
                product[power + 1] += polynomial[power] / scale;
            }

            polynomial = product;
        }

        var width = Sigma(index + 1) - Sigma(index);
        return polynomial.Select((factor, power) => factor * Math.Pow(width, power + 1) / (power + 1)).Sum();
    }
}
