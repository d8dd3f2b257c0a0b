using Realign.Core.Images;

namespace Realign.Diffusion.FineStage;

/// <summary>A region on its way from the request to attention.</summary>
/// <param name="Requested">As asked for.</param>
/// <param name="Mask">Its pixels of the picture, disjoint from those of others; null with score 0.</param>
/// <param name="Span">Its tokens in the prompt.</param>
/// <param name="IgnoredBecause">Empty where it has an effect.</param>
internal sealed record PlannedRegion(PhraseRegion Requested, MaskRuns? Mask, PhraseSpan? Span, string IgnoredBecause)
{
    /// <summary>Its phrase as the prompt spells it.</summary>
    public string Phrase { get; init; } = Requested.Phrase;

    public bool IsIgnored => IgnoredBecause.Length > 0;

    /// <summary>Attention inside its mask is pulled to its tokens.</summary>
    public bool IsPlaced => Requested.Score > 0 && !IsIgnored;

    /// <summary>Its tokens are pushed out of the picture.</summary>
    public bool IsSuppressed => Requested.Score == 0 && !IsIgnored;

    public RegionReport Report() => new(
        Requested.Phrase, IsIgnored ? [] : [.. Span!.Columns], Mask?.Share ?? 0, IgnoredBecause);
}
