namespace Realign.Grounding.Colors;

/// <summary>How much of a mask has a color.</summary>
/// <param name="Name">The color.</param>
/// <param name="Share">Share of the mask's pixels that it explains best, 0..1.</param>
public sealed record ColorShare(string Name, float Share);
