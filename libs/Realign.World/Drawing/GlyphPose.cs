namespace Realign.World;

/// <summary>Where and how large a glyph is drawn, in pixels; y points down.</summary>
/// <param name="CenterX">Middle of the glyph's square.</param>
/// <param name="CenterY">Middle of the glyph's square.</param>
/// <param name="Width">Side of the square along the glyph's own horizontal.</param>
/// <param name="Height">Side along its own vertical; equal to <paramref name="Width"/> unless it is stretched.</param>
/// <param name="Rotation">Degrees, clockwise on the screen.</param>
public readonly record struct GlyphPose(float CenterX, float CenterY, float Width, float Height, float Rotation);
