using Realign.Torch;
using static TorchSharp.torch;

namespace Realign.Diffusion.Schedulers;

/// <summary>DPM-Solver and DPM-Solver++ of order 1 to 3 (Lu et al. 2022), deterministic or as a stochastic equation.</summary>
/// <remarks>The stochastic form of order 3 is k-diffusion's <c>sample_dpmpp_3m_sde</c> (eta = 1).</remarks>
internal sealed class DPMSolverMultistepScheduler : DPMSolverScheduler
{
    // below this many steps the last ones are of lower order
    private const int ShortRun = 15;
    private readonly bool _stochastic;
    private readonly bool _isThird;
    private readonly bool _heun;

    public DPMSolverMultistepScheduler(DPMSolverConfig config, SchedulerOptions options)
        : base(SchedulerKind.DPMSolverMultistep, config, options)
    {
        _stochastic = config.Algorithm == DPMSolverAlgorithm.StochasticDPMSolverPlusPlus;
        _isThird = _stochastic && config.SolverOrder == 3;
        _heun = _isThird || config.SolverType == DPMSolverType.Heun;
    }

    public override bool NeedsNoise(int stepIndex) => _stochastic;

    private int OrderAt(int index)
    {
        var left = Timesteps.Count - index;
        var isShort = Solver.LowerOrderFinal && Timesteps.Count < ShortRun && !_isThird;
        var order = Math.Min(Solver.SolverOrder, Math.Min(Outputs.Count, index + 1));
        if (left == 1 && (Solver.EulerAtFinal || isShort || !Solver.EndsAtSigmaMin))
            return 1;
        return left == 2 && isShort ? Math.Min(order, 2) : order;
    }

    // exponential integrator: the sample decays or grows, and a polynomial through the last outputs is integrated
    private protected override Tensor Solve(int index, Tensor sample, Tensor? noise)
    {
        var order = OrderAt(index);
        var (alpha, sigma) = VariancePreserving(index);
        var (alphaNext, sigmaNext) = VariancePreserving(index + 1);
        var width = Lambda(index + 1) - Lambda(index);
        var z = PredictsOriginal ? (_stochastic ? -2 * width : -width) : width;
        var scale = PredictsOriginal ? alphaNext : sigmaNext;
        var phi1 = Math.Exp(z) - 1;
        var decay = PredictsOriginal ? sigmaNext / sigma * (_stochastic ? Math.Exp(-width) : 1) : alphaNext / alpha;
        var next = Combine((decay, sample), (-scale * phi1, Outputs[0]));
        if (_stochastic)
            next = next.add(noise!.mul(Scalars.Of(sigmaNext * Math.Sqrt(1 - Math.Exp(z)))));
        if (order == 1)
            return next;
        var r0 = (Lambda(index) - Lambda(index - 1)) / width;
        var slope = Outputs[0].sub(Outputs[1]).div(Scalars.Of(r0));
        if (order == 2)
            return next.add(slope.mul(Scalars.Of(_heun ? SecondWeight(z, scale) : -0.5 * scale * phi1)));
        var r1 = (Lambda(index - 1) - Lambda(index - 2)) / width;
        var older = Outputs[1].sub(Outputs[2]).div(Scalars.Of(r1));
        var first = Combine((1 + (r0 / (r0 + r1)), slope), (-r0 / (r0 + r1), older));
        var second = Combine((1 / (r0 + r1), slope), (-1 / (r0 + r1), older));
        return next.add(first.mul(Scalars.Of(SecondWeight(z, scale)))).add(second.mul(Scalars.Of(ThirdWeight(z, scale))));
    }
}
