using static TorchSharp.torch;

namespace Realign.Diffusion.Schedulers;

/// <summary>DPM-Solver++ as a stochastic equation, two questions a step (Lu et al. 2022; k-diffusion's <c>sample_dpmpp_sde</c>, r = 1/2, eta = 1).</summary>
/// <remarks>The noise of both stages is one Brownian motion: what leads to the middle is a part of what leads to the end.</remarks>
internal sealed class DPMSolverSDEScheduler(SigmaSamplerConfig config, SchedulerOptions options)
    : TwoStageScheduler(SchedulerKind.DPMSolverSDE, config, options)
{
    public override bool NeedsNoise(int stepIndex) => stepIndex < Timesteps.Count - 1;

    private protected override double Between(double from, double to) => Math.Sqrt(from * to);

    private protected override (Tensor Previous, Tensor Original) Advance(Tensor output, int index, Tensor sample, Tensor? noise)
    {
        var sigma = Sigma(index);
        var original = Original(output, index, sample, sigma);
        if (!NeedsNoise(index))
            return (original.alias(), original);
        if (!IsSecond(index))
        {
            Keep(sample, noise!);
            return (Move(sample, original, noise!, sigma, Sigma(index + 1)), original);
        }

        var (from, to) = (Sigma(index - 1), Sigma(index + 1));
        var share = (from - sigma) / (from - to);
        var whole = Combine((Math.Sqrt(share), Kept), (Math.Sqrt(1 - share), noise!));
        return (Move(Start, original, whole, from, to), original);
    }

    private static Tensor Move(Tensor sample, Tensor original, Tensor noise, double from, double to)
    {
        var (down, up) = AncestralStep.Between(from, to);
        return Combine((down / from, sample), (1 - (down / from), original), (up, noise));
    }
}
