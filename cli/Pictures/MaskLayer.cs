using Realign.V1;

namespace Realign.Cli.Pictures;

/// <summary>A mask and what the legend says about it.</summary>
internal sealed record MaskLayer(string Title, string Detail, Mask Mask);
