namespace Realign.Training.Feedback;

/// <summary>How gradients flow through a rollout.</summary>
public sealed record RolloutOptions
{
    /// <summary>Steps whose prediction carries gradient; the others are constants, while the latents between them stay in the graph.</summary>
    public required IReadOnlyCollection<int> GradedSteps { get; init; }

    /// <summary>Whether the denoiser sees the latents as constants (DRTune) or the chain runs through them (DRaFT-K, AlignProp).</summary>
    /// <value>Default true.</value>
    public bool DetachInput { get; init; } = true;

    /// <summary>Step whose x0' is the result; null = run to the end.</summary>
    /// <value>Default null.</value>
    public int? StopStep { get; init; }
}
