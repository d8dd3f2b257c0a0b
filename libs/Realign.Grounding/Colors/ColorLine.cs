using System.Numerics;

namespace Realign.Grounding.Colors;

/// <summary>The shades in which objects of one color are drawn: two lines in sRGB that meet in the color itself.</summary>
/// <param name="Name">The color.</param>
/// <param name="Dark">The darkest shade, sRGB 0..255.</param>
/// <param name="Base">The color.</param>
/// <param name="Light">The lightest shade.</param>
internal sealed record ColorLine(string Name, Vector3 Dark, Vector3 Base, Vector3 Light)
{
    /// <summary>Squared distance of a pixel to the nearest shade.</summary>
    public float SquaredDistance(Vector3 pixel) => MathF.Min(ToSegment(pixel, Dark, Base), ToSegment(pixel, Base, Light));

    private static float ToSegment(Vector3 point, Vector3 from, Vector3 to)
    {
        var direction = to - from;
        var length = direction.LengthSquared();
        var at = length > 0 ? Math.Clamp(Vector3.Dot(point - from, direction) / length, 0, 1) : 0;
        return Vector3.DistanceSquared(point, from + (at * direction));
    }
}
