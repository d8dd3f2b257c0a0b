using Realign.Core.Images;

namespace Realign.Metrics.Oracle;

/// <summary>An object that the oracle sees in a picture.</summary>
/// <param name="Noun">Its class, one of <see cref="Realign.World.Glyphs.Nouns"/>.</param>
/// <param name="Color">Name of the palette's color that explains its pixels best.</param>
/// <param name="Box">Bounds of its whole shape, hidden parts too, in pixels of the picture that was read; right and bottom exclusive.</param>
/// <param name="VisibleShare">Share of its shape that no other object hides, 0..1.</param>
/// <param name="Score">How well it explains the pixels it claims, 0 (as the plain background does) to 1 (to the last bit).</param>
public sealed record SeenObject(string Noun, string Color, BoundingBox Box, double VisibleShare, double Score)
{
    /// <summary>Middle, horizontally, in pixels.</summary>
    public double CenterX => (Box.X0 + Box.X1) / 2;

    /// <summary>Middle, vertically, in pixels.</summary>
    public double CenterY => (Box.Y0 + Box.Y1) / 2;
}
