using Realign.Torch;
using static TorchSharp.torch;

namespace Realign.Diffusion.Schedulers;

/// <summary>UniPC (Zhao et al. 2023): a multistep predictor, and a corrector that improves each step with the output of the next.</summary>
internal sealed class UniPCMultistepScheduler : SigmaScheduler
{
    private readonly UniPCMultistepConfig _config;
    private readonly StepHistory _outputs;
    private Tensor? _lastSample;
    private int _lastOrder;

    public UniPCMultistepScheduler(UniPCMultistepConfig config, SchedulerOptions options)
        : base(SchedulerKind.UniPCMultistep, config.Noise, options)
    {
        _config = config;
        if (config.SigmaSpacing is not (SigmaSpacing.Timesteps or SigmaSpacing.Karras or SigmaSpacing.AlignYourSteps))
            throw NotSupported("spacing of the sigmas", config.SigmaSpacing.ToString());
        _outputs = new StepHistory(config.SolverOrder + 1);
    }

    private protected override double[] Plan(int steps)
    {
        if (_config.SigmaSpacing == SigmaSpacing.Timesteps)
        {
            var times = SolverTimesteps(steps);
            SetSigmas(times.Select(Train.At), _config.EndsAtSigmaMin);
            return times;
        }

        var sigmas = Spaced(_config.SigmaSpacing, Train.Largest, Train.Smallest, steps);
        SetSigmas(sigmas, _config.EndsAtSigmaMin);
        return Array.ConvertAll(sigmas, sigma => Math.Round(Train.TimeOf(sigma)));
    }

    private protected override void Forget()
    {
        _outputs.Clear();
        StepHistory.Replace(ref _lastSample, null);
        _lastOrder = 0;
    }

    private protected override (double Signal, double Noise) Mix(int index) => VariancePreserving(index);

    private protected override (Tensor Previous, Tensor Original) Advance(Tensor output, int index, Tensor sample, Tensor? noise)
    {
        var (alpha, sigma) = VariancePreserving(index);
        var original = Prediction.Original(Config.PredictionType, output, sample, alpha, sigma);
        original = _config.Limits.Apply(original);
        var converted = _config.PredictX0 ? original : Prediction.Noise(Config.PredictionType, output, sample, alpha, sigma);
        if (index > 0 && !_config.DisableCorrector.Contains(index - 1))
            sample = Integrate(_lastSample!, index - 1, _lastOrder, converted);
        _outputs.Add(converted);
        var order = _config.LowerOrderFinal ? Math.Min(_config.SolverOrder, Timesteps.Count - index) : _config.SolverOrder;
        _lastOrder = Math.Min(order, index + 1);
        StepHistory.Replace(ref _lastSample, sample);
        return (Integrate(sample, index, _lastOrder, null), original);
    }

    // from the level of `index` to the next one; with the output of the next one this is the corrector
    private Tensor Integrate(Tensor sample, int index, int order, Tensor? nextOutput)
    {
        var (alpha, sigma) = VariancePreserving(index);
        var (alphaNext, sigmaNext) = VariancePreserving(index + 1);
        var width = Lambda(index + 1) - Lambda(index);
        var z = _config.PredictX0 ? -width : width;
        var phi1 = Math.Exp(z) - 1;
        var bound = _config.SolverType == UniPCSolverType.Bh1 ? z : phi1;
        var scale = _config.PredictX0 ? alphaNext : sigmaNext;
        var newest = _outputs[0];
        var ratios = Enumerable.Range(1, order - 1).Select(age => (Lambda(index - age) - Lambda(index)) / width).Append(1.0).ToArray();
        var weights = Weights(ratios, z, bound, nextOutput is not null);
        var next = Combine((_config.PredictX0 ? sigmaNext / sigma : alphaNext / alpha, sample), (-scale * phi1, newest));
        for (var age = 1; age < order; age++)
            next = next.sub(_outputs[age].sub(newest).mul(Scalars.Of(scale * bound * weights[age - 1] / ratios[age - 1])));
        return nextOutput is null ? next : next.sub(nextOutput.sub(newest).mul(Scalars.Of(scale * bound * weights[^1])));
    }

    // Zhao et al. 2023, Eq. 9: a Vandermonde system in the ratios; order 1 of the corrector and order 2 of the predictor are fixed at 1/2
    private static double[] Weights(double[] ratios, double z, double bound, bool corrects)
    {
        var order = ratios.Length;
        if (order == (corrects ? 1 : 2))
            return [0.5];
        var size = corrects ? order : order - 1;
        var matrix = new double[size, size + 1];
        var (phi, factorial) = (((Math.Exp(z) - 1) / z) - 1, 1.0);
        for (var row = 0; row < size; row++)
        {
            for (var column = 0; column < size; column++)
                matrix[row, column] = Math.Pow(ratios[column], row);
            matrix[row, size] = phi * factorial / bound;
            factorial *= row + 2;
            phi = (phi / z) - (1 / factorial);
        }

        return LinearSystem.Solve(matrix);
    }
}
