using Realign.Diffusion.UNet;
using static TorchSharp.torch;

namespace Realign.Diffusion.Pipelines;

/// <summary>What one run tells the UNet in every step.</summary>
/// <param name="Text">Text states of the prompts (B, T, D).</param>
/// <param name="NegativeText">Those of the negative prompts; null = the run is not guided.</param>
/// <param name="Added">XL: of the prompts.</param>
/// <param name="NegativeAdded">XL: of the negative prompts.</param>
internal sealed record DenoiserConditions(Tensor Text, Tensor? NegativeText, AddedConditions? Added, AddedConditions? NegativeAdded)
{
    /// <summary>Weight w of u + w (c - u).</summary>
    public required double GuidanceScale { get; init; }

    /// <summary>Share phi of the rescaled prediction.</summary>
    public double GuidanceRescale { get; init; }

    /// <summary>The weight that a distilled model is told; null = it is not one.</summary>
    public double? DistilledGuidance { get; init; }

    /// <summary>Whether there are two halves.</summary>
    public bool IsGuided => NegativeText is not null;
}
