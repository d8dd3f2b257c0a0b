using Realign.Torch;
using static TorchSharp.torch;

namespace Realign.Diffusion.Schedulers;

/// <summary>
/// DEIS (Zhang and Chen 2023) in its log-rho form: the polynomial in the logarithm of the noise level through the last predictions of the noise is
/// integrated over the level. Ends at the smallest level of training.
/// </summary>
internal sealed class DEISMultistepScheduler : SigmaScheduler
{
    // below this many steps the last ones are of lower order
    private const int ShortRun = 15;
    private readonly DEISMultistepConfig _config;
    private readonly StepHistory _noises = new(3);

    public DEISMultistepScheduler(DEISMultistepConfig config, SchedulerOptions options)
        : base(SchedulerKind.DEISMultistep, config.Noise, options)
    {
        _config = config;
        if (config.SigmaSpacing is not (SigmaSpacing.Timesteps or SigmaSpacing.Karras or SigmaSpacing.AlignYourSteps))
            throw NotSupported("spacing of the sigmas", config.SigmaSpacing.ToString());
    }

    private protected override double[] Plan(int steps)
    {
        if (_config.SigmaSpacing == SigmaSpacing.Timesteps)
        {
            var times = SolverTimesteps(steps);
            SetSigmas(times.Select(Train.At), endsAtSigmaMin: true);
            return times;
        }

        // the last level of Karras is that of the end: the step to it is none
        var sigmas = _config.SigmaSpacing == SigmaSpacing.Karras
            ? Spaced(SigmaSpacing.Karras, Train.Largest, Train.Smallest, steps + 1)[..^1]
            : Spaced(_config.SigmaSpacing, Train.Largest, Train.Smallest, steps);
        SetSigmas(sigmas, endsAtSigmaMin: true);
        return Array.ConvertAll(sigmas, sigma => Math.Round(Train.TimeOf(sigma)));
    }

    private protected override void Forget() => _noises.Clear();

    private protected override (double Signal, double Noise) Mix(int index) => VariancePreserving(index);

    private protected override (Tensor Previous, Tensor Original) Advance(Tensor output, int index, Tensor sample, Tensor? noise)
    {
        var (alpha, sigma) = VariancePreserving(index);
        var original = _config.Limits.Apply(Prediction.Original(Config.PredictionType, output, sample, alpha, sigma));
        _noises.Add(sample.sub(original.mul(Scalars.Of(alpha))).div(Scalars.Of(sigma)));
        var left = Timesteps.Count - index;
        var order = Math.Min(_config.SolverOrder, _noises.Count);
        if (_config.LowerOrderFinal && Timesteps.Count < ShortRun)
            order = Math.Min(order, left);
        var sum = sample.div(Scalars.Of(alpha));
        for (var age = 0; age < order; age++)
            sum = sum.add(_noises[age].mul(Scalars.Of(Coefficient(index, age, order))));
        return (sum.mul(Scalars.Of(VariancePreserving(index + 1).Alpha)), original);
    }

    // integral over the level of the Lagrange polynomial in its logarithm
    private double Coefficient(int index, int age, int order)
    {
        var (from, to) = (Sigma(index), Sigma(index + 1));
        double[] polynomial = [1];
        for (var other = 0; other < order; other++)
        {
            if (other == age)
                continue;
            var (root, scale) = (Math.Log(Sigma(index - other)), Math.Log(Sigma(index - age) / Sigma(index - other)));
            var product = new double[polynomial.Length + 1];
            for (var power = 0; power < polynomial.Length; power++)
            {
                product[power] -= polynomial[power] * root / scale;
                product[power + 1] += polynomial[power] / scale;
            }

            polynomial = product;
        }

        return Antiderivative(polynomial, to) - Antiderivative(polynomial, from);
    }

    // integrals of 1, ln r and (ln r)^2
    private static double Antiderivative(double[] polynomial, double level)
    {
        var log = Math.Log(level);
        double[] powers = [level, level * (log - 1), level * ((log * log) - (2 * log) + 2)];
        return polynomial.Select((factor, power) => factor * powers[power]).Sum();
    }
}
