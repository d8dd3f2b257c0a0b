using Realign.Torch;
using static TorchSharp.torch;

namespace Realign.Diffusion.Schedulers;

/// <summary>DPM-Solver and DPM-Solver++ of order 1 to 3 (Lu et al. 2022), deterministic or as a stochastic equation.</summary>
internal sealed class DPMSolverMultistepScheduler : SigmaScheduler
{
    // below this many steps the last ones are of lower order
    private const int ShortRun = 15;
    private readonly DPMSolverMultistepConfig _config;
    private readonly StepHistory _outputs = new(3);
    private readonly bool _predictsOriginal;
    private readonly bool _stochastic;
    private readonly bool _heun;

    public DPMSolverMultistepScheduler(DPMSolverMultistepConfig config, SchedulerOptions options)
        : base(SchedulerKind.DPMSolverMultistep, config.Noise, options)
    {
        _config = config;
        _predictsOriginal = config.Algorithm != DPMSolverAlgorithm.DPMSolver;
        _stochastic = config.Algorithm == DPMSolverAlgorithm.StochasticDPMSolverPlusPlus;
        _heun = config.SolverType == DPMSolverType.Heun;
        if (_stochastic && config.SolverOrder == 3)
            throw NotSupported("solver_order", "3 with the stochastic form");
        if (!_predictsOriginal && !config.EndsAtSigmaMin)
            throw NotSupported("final_sigmas_type", "zero with algorithm_type dpmsolver");
        if (config.SigmaSpacing == SigmaSpacing.Beta)
            throw NotSupported("use_beta_sigmas", "true");
    }

    public override bool NeedsNoise(int stepIndex) => _stochastic;

    private protected override double[] Plan(int steps)
    {
        if (_config.SigmaSpacing == SigmaSpacing.Timesteps)
        {
            var times = SolverTimesteps(steps);
            SetSigmas(times.Select(Train.At), _config.EndsAtSigmaMin);
            return times;
        }

        var sigmas = SigmaSchedule.Space(_config.SigmaSpacing, Train.Largest, Train.Smallest, steps);
        SetSigmas(sigmas, _config.EndsAtSigmaMin);
        // the reference rounds the times of Karras and Lu spacing and truncates those of exponential spacing
        var rounded = _config.SigmaSpacing == SigmaSpacing.Exponential ? (Func<double, double>)Math.Floor : Math.Round;
        return Array.ConvertAll(sigmas, sigma => rounded(Train.TimeOf(sigma)));
    }

    private protected override void Forget() => _outputs.Clear();

    private protected override (double Signal, double Noise) Mix(int index) => VariancePreserving(index);

    private protected override (Tensor Previous, Tensor Original) Advance(Tensor output, int index, Tensor sample, Tensor? noise)
    {
        var (alpha, sigma) = VariancePreserving(index);
        var original = Prediction.Original(Config.PredictionType, output, sample, alpha, sigma);
        original = _config.Limits.Apply(original);
        _outputs.Add(_predictsOriginal ? original : _config.Limits.Thresholding
            ? sample.sub(original.mul(Scalars.Of(alpha))).div(Scalars.Of(sigma))
            : Prediction.Noise(Config.PredictionType, output, sample, alpha, sigma));
        return (Solve(OrderAt(index), index, sample, noise), original);
    }

    private int OrderAt(int index)
    {
        var left = Timesteps.Count - index;
        var isShort = _config.LowerOrderFinal && Timesteps.Count < ShortRun;
        var order = Math.Min(_config.SolverOrder, Math.Min(_outputs.Count, index + 1));
        if (left == 1 && (_config.EulerAtFinal || isShort || !_config.EndsAtSigmaMin))
            return 1;
        return left == 2 && isShort ? Math.Min(order, 2) : order;
    }

    // exponential integrator: the sample decays or grows, and a polynomial through the last outputs is integrated
    private Tensor Solve(int order, int index, Tensor sample, Tensor? noise)
    {
        var (alpha, sigma) = VariancePreserving(index);
        var (alphaNext, sigmaNext) = VariancePreserving(index + 1);
        var width = Lambda(index + 1) - Lambda(index);
        // z: signed exponent of the form at hand; outputs enter with -scale * phi(z)
        var z = _predictsOriginal ? (_stochastic ? -2 * width : -width) : width;
        var scale = _predictsOriginal ? alphaNext : sigmaNext;
        var phi1 = Math.Exp(z) - 1;
        var decay = _predictsOriginal ? sigmaNext / sigma * (_stochastic ? Math.Exp(-width) : 1) : alphaNext / alpha;
        var next = Combine((decay, sample), (-scale * phi1, _outputs[0]));
        if (_stochastic)
            next = next.add(noise!.mul(Scalars.Of(sigmaNext * Math.Sqrt(1 - Math.Exp(z)))));
        if (order == 1)
            return next;
        var r0 = (Lambda(index) - Lambda(index - 1)) / width;
        var slope = _outputs[0].sub(_outputs[1]).div(Scalars.Of(r0));
        if (order == 2)
            return next.add(slope.mul(Scalars.Of(_heun ? SecondWeight(z, scale) : -0.5 * scale * phi1)));
        var r1 = (Lambda(index - 1) - Lambda(index - 2)) / width;
        var older = _outputs[1].sub(_outputs[2]).div(Scalars.Of(r1));
        var first = Combine((1 + (r0 / (r0 + r1)), slope), (-r0 / (r0 + r1), older));
        var second = Combine((1 / (r0 + r1), slope), (-1 / (r0 + r1), older));
        return next.add(first.mul(Scalars.Of(SecondWeight(z, scale)))).add(second.mul(Scalars.Of(-scale * (((Math.Exp(z) - 1 - z) / (z * z)) - 0.5))));
    }

    private double SecondWeight(double z, double scale) =>
        _predictsOriginal ? scale * (((Math.Exp(z) - 1) / -z) + 1) : -scale * (((Math.Exp(z) - 1) / z) - 1);
}
