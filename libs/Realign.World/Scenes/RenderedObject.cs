using Realign.Core.Images;

namespace Realign.World;

/// <summary>What is seen of one object of a rendered scene.</summary>
/// <param name="Object">The object.</param>
/// <param name="Mask">Pixels that show it: covered by it, and by nothing in front of it, for more than half.</param>
/// <param name="Box">Bounds of the mask, right and bottom exclusive; all 0 where nothing of it is seen.</param>
/// <param name="VisibleShare">Share of its area that is seen, 0..1.</param>
public sealed record RenderedObject(SceneObject Object, BinaryMask Mask, BoundingBox Box, double VisibleShare);
