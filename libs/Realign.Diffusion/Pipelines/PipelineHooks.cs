using Realign.Diffusion.Attention;
using Realign.Diffusion.Schedulers;

namespace Realign.Diffusion.Pipelines;

/// <summary>What the caller of a run puts in place of the pipeline's own parts, and where it looks on.</summary>
public sealed record PipelineHooks
{
    /// <summary>Plans and takes the steps, owned by the caller; null = made from the request.</summary>
    public Scheduler? Scheduler { get; init; }

    /// <summary>Random numbers, owned by the caller; null = those of the request's seeds.</summary>
    public INoiseSource? Noise { get; init; }

    /// <summary>Attention processor of each step; null = fused kernel.</summary>
    public Func<DenoisingStep, IAttentionProcessor?>? Attention { get; init; }

    /// <summary>Called after each step.</summary>
    public Action<DenoisingProgress>? Progress { get; init; }
}
