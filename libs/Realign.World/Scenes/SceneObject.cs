namespace Realign.World;

/// <summary>One object of a scene.</summary>
/// <param name="Noun">One of <see cref="Glyphs.Nouns"/>.</param>
/// <param name="Color">Name of one of <see cref="Palette.Colors"/>.</param>
/// <param name="Ink">The color it is drawn in: that of the palette, +-10 per channel.</param>
/// <param name="Pose">Where it is.</param>
public sealed record SceneObject(string Noun, string Color, Rgb Ink, GlyphPose Pose);
