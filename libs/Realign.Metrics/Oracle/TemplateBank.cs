using Realign.World;

namespace Realign.Metrics.Oracle;

/// <summary>Every glyph as texture, and at half the resolution upright, in the sizes of the coarse search. Made once a process, never changed.</summary>
internal static class TemplateBank
{
    private static readonly float[] Sizes = [19, 22.5f, 26.5f, 31, 36.5f, 43, 50];

    public static IReadOnlyList<GlyphTexture> Textures { get; } = [.. Glyphs.All.Select(glyph => new GlyphTexture(glyph))];

    public static IReadOnlyList<CoarseTemplate> Coarse { get; } = [.. Textures.SelectMany((texture, noun) => Sizes.Select(size =>
        new CoarseTemplate(noun, texture, size)))];
}
