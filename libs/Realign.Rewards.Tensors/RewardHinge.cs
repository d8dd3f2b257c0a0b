using Realign.Torch;
using static TorchSharp.torch;

namespace Realign.Rewards.Tensors;

/// <summary>
/// How a reward becomes a loss in ReFL (Xu et al. 2023). RealignDiff's Eq. 5 reads ReLU(R), which would lower the reward; the hinge
/// below raises it until the margin is reached.
/// </summary>
public static class RewardHinge
{
    /// <summary>scale * mean ReLU(margin - R): no gradient at or above the margin.</summary>
    /// <param name="rewards">Any shape.</param>
    /// <param name="margin">1 for cosines (never clips), 2 for ImageReward's z-scores.</param>
    /// <param name="scale">lambda; 1e-3 beside a pre-training loss.</param>
    public static Tensor Margin(Tensor rewards, double margin, double scale)
    {
        using var scope = NewDisposeScope();
        return Excess(rewards.neg().add(Scalars.Of(margin)), scale).MoveToOuterDisposeScope();
    }

    /// <summary>scale * mean ReLU(L - floor): no gradient at or below the floor.</summary>
    /// <param name="losses">Any shape, e.g. prompt likelihoods in nats per token.</param>
    /// <param name="floor">0 = none.</param>
    /// <param name="scale">lambda.</param>
    public static Tensor Floor(Tensor losses, double floor, double scale)
    {
        using var scope = NewDisposeScope();
        return Excess(losses.sub(Scalars.Of(floor)), scale).MoveToOuterDisposeScope();
    }

    private static Tensor Excess(Tensor distance, double scale) => nn.functional.relu(distance).mean().mul(Scalars.Of(scale));
}
