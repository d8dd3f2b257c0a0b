namespace Realign.Diffusion.Adapters;

/// <summary>Strength of an adapter in one block of the UNet.</summary>
/// <param name="Block">As <c>down_blocks.1</c>, <c>mid_block</c>, <c>up_blocks.0.attentions.2</c>; also <c>IN04</c>, <c>MID</c>, <c>OUT05</c>.</param>
/// <param name="Strength">Factor on the layers of the block, instead of the UNet's.</param>
public sealed record BlockStrength(string Block, double Strength);
