using Realign.Torch;
using static TorchSharp.torch;

namespace Realign.Diffusion.Schedulers;

/// <summary>
/// DPM-Solver and DPM-Solver++ of order 1 to 3, singlestep (Lu et al. 2022): the questions are taken in groups of as many as the order is, and each
/// integrates anew from the sample that its group began with.
/// </summary>
internal sealed class DPMSolverSinglestepScheduler : DPMSolverScheduler
{
    private readonly bool _heun;
    private Tensor? _start;

    public DPMSolverSinglestepScheduler(DPMSolverConfig config, SchedulerOptions options)
        : base(SchedulerKind.DPMSolverSinglestep, config, options)
    {
        _heun = config.SolverType == DPMSolverType.Heun;
        if (config.Algorithm == DPMSolverAlgorithm.StochasticDPMSolverPlusPlus)
            throw NotSupported("algorithm_type", "sde-dpmsolver++");
        if (config.SigmaSpacing == SigmaSpacing.LuLambdas)
            throw NotSupported("use_lu_lambdas", "true");
    }

    // whatever the spacing of the checkpoint, as the reference has it
    private protected override double[] TrainingTimes(int steps) => Array.ConvertAll(TrainingTimesteps.Linspace(TrainSteps, steps + 1)[..^1], Math.Round);

    private protected override void Forget()
    {
        base.Forget();
        StepHistory.Replace(ref _start, null);
    }

    private protected override Tensor Solve(int index, Tensor sample, Tensor? noise)
    {
        // a run from a picture may begin inside a group
        var order = Math.Min(OrderAt(index), Outputs.Count);
        if (order == 1)
            StepHistory.Replace(ref _start, sample);
        var from = index - order + 1;
        var (alpha, sigma) = VariancePreserving(from);
        var (alphaNext, sigmaNext) = VariancePreserving(index + 1);
        var width = Lambda(index + 1) - Lambda(from);
        var z = PredictsOriginal ? -width : width;
        var scale = PredictsOriginal ? alphaNext : sigmaNext;
        var phi1 = Math.Exp(z) - 1;
        var next = Combine((PredictsOriginal ? sigmaNext / sigma : alphaNext / alpha, _start!), (-scale * phi1, Outputs[order - 1]));
        if (order == 1)
            return next;
        // slopes of the outputs from the beginning of the group, over its whole width
        Tensor Slope(int age) => Outputs[age].sub(Outputs[order - 1]).mul(Scalars.Of(width / (Lambda(index - age) - Lambda(from))));
        if (order == 2)
            return next.add(Slope(0).mul(Scalars.Of(_heun ? SecondWeight(z, scale) : -0.5 * scale * phi1)));
        if (!_heun)
            return next.add(Slope(0).mul(Scalars.Of(SecondWeight(z, scale))));
        var (r0, r1) = ((Lambda(index) - Lambda(from)) / width, (Lambda(index - 1) - Lambda(from)) / width);
        var first = Combine((r0 / (r0 - r1), Slope(1)), (-r1 / (r0 - r1), Slope(0)));
        var second = Combine((2 / (r0 - r1), Slope(0)), (-2 / (r0 - r1), Slope(1)));
        return next.add(first.mul(Scalars.Of(SecondWeight(z, scale)))).add(second.mul(Scalars.Of(ThirdWeight(z, scale))));
    }

    // groups of full order; what is left over at the end, and the step to no noise at all, is of lower order
    private int OrderAt(int index)
    {
        var (count, order) = (Timesteps.Count, Solver.SolverOrder);
        if (index == count - 1 && !Solver.EndsAtSigmaMin)
            return 1;
        // a group that would end with the run is split: its last question is a step of its own
        return Solver.LowerOrderFinal && count % order == 0 && index == count - 1 ? 1 : (index % order) + 1;
    }
}
