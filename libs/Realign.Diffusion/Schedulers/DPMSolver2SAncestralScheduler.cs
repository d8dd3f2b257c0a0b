using static TorchSharp.torch;

namespace Realign.Diffusion.Schedulers;

/// <summary>
/// DPM-Solver++ 2S, two questions a step, to a lower noise level than wanted, then fresh noise up to it (k-diffusion's <c>sample_dpmpp_2s_ancestral</c>,
/// r = 1/2, eta = 1).
/// </summary>
internal sealed class DPMSolver2SAncestralScheduler(SigmaSamplerConfig config, SchedulerOptions options)
    : TwoStageScheduler(SchedulerKind.DPMSolver2SAncestral, config, options)
{
    public override bool NeedsNoise(int stepIndex) => IsSecond(stepIndex);

    private protected override double Between(double from, double to) => Math.Sqrt(from * AncestralStep.Between(from, to).Down);

    private protected override (Tensor Previous, Tensor Original) Advance(Tensor output, int index, Tensor sample, Tensor? noise)
    {
        var sigma = Sigma(index);
        var original = Original(output, index, sample, sigma);
        if (!IsSecond(index))
        {
            Keep(sample, original);
            return (Move(sample, original, Sigma(index + 1) / sigma), original);
        }

        var (down, up) = AncestralStep.Between(Sigma(index - 1), Sigma(index + 1));
        return (Combine((1, Move(Start, original, down / Sigma(index - 1))), (up, noise!)), original);
    }

    private static Tensor Move(Tensor sample, Tensor original, double ratio) => Combine((ratio, sample), (1 - ratio, original));
}
