using Realign.Core.Images;

namespace Realign.World;

/// <summary>A picture and the truth about it.</summary>
/// <param name="Scene">What was drawn.</param>
/// <param name="Image">The picture.</param>
/// <param name="Objects">What is seen of each object, in the scene's order.</param>
public sealed record RenderedScene(Scene Scene, RgbImage Image, IReadOnlyList<RenderedObject> Objects);
