using System.Numerics;

namespace Realign.Metrics.Oracle;

/// <summary>The open part of a picture at half the resolution, with room around it that counts as taken.</summary>
internal sealed class CoarseField
{
    /// <summary>Half pixels around the picture: objects may reach out of it.</summary>
    public const int Margin = 4;

    /// <summary>Rows and columns with the margin.</summary>
    public const int Side = (PictureField.Side / 2) + (2 * Margin);

    /// <summary>Largest difference from the background that counts, so that dark objects do not drown light ones.</summary>
    private const float MostDifference = 90;

    // difference that a plain background has, too
    private const float Noise = 6;

    // the last row is read past its end by less than a vector
    private static readonly int Length = (Side * Side) + (4 * Vector<float>.Count);

    public CoarseField(PictureField field, float[] weights)
    {
        (R, G, B, Difference, Energy, Weight) = (new float[Length], new float[Length], new float[Length],
            new float[Length], new float[Length], new float[Length]);
        for (var i = 0; i < weights.Length; i++)
        {
            var at = (((i / PictureField.Side / 2) + Margin) * Side) + (i % PictureField.Side / 2) + Margin;
            var (difference, energy) = (field.Differences[i], field.Differences[i].W);
            var limited = weights[i] * 0.25f * MathF.Min(1, MostDifference / MathF.Sqrt(energy + 1)) * difference;
            (R[at], G[at], B[at]) = (R[at] + limited.X, G[at] + limited.Y, B[at] + limited.Z);
            Difference[at] += weights[i] * 0.25f * Math.Clamp(MathF.Sqrt(energy) - Noise, 0, MostDifference);
            Energy[at] += weights[i] * 0.25f * MathF.Min(energy, MostDifference * MostDifference);
            Weight[at] += weights[i] * 0.25f;
        }
    }

    /// <summary>Difference from the background, limited, times how open the pixel is.</summary>
    public float[] R { get; }

    public float[] G { get; }

    public float[] B { get; }

    /// <summary>Length of the difference, whatever its direction: parts of an object may be lighter, others darker than the background.</summary>
    public float[] Difference { get; }

    public float[] Energy { get; }

    /// <summary>How open the pixel is, 0..1.</summary>
    public float[] Weight { get; }
}
