using Realign.V1;

namespace Realign.Gateway.Rewards;

/// <summary>One reward of one pair.</summary>
/// <param name="Value">As the caller gets it.</param>
/// <param name="Gradient">Null when not asked for, and for rewards without one.</param>
internal sealed record ScoredPair(RewardValue Value, PixelGradient? Gradient);
