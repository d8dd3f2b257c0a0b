namespace Realign.Core.Images;

/// <summary>A rectangle in pixels; right and bottom are exclusive.</summary>
public readonly record struct BoundingBox(float X0, float Y0, float X1, float Y1)
{
    /// <summary>Width in pixels; negative for an inverted box.</summary>
    public float Width => X1 - X0;

    /// <summary>Height in pixels; negative for an inverted box.</summary>
    public float Height => Y1 - Y0;
}
