using Realign.Core.Errors;

namespace Realign.Metrics.CompBench;

/// <summary>
/// Spatial relations of T2I-CompBench (Huang et al. 2023): conf1/4 + conf2/4 + position/2, and 0 below 0.5.
/// Boxes are in pixels with y pointing down; box 1 belongs to the first noun of the prompt.
/// </summary>
public static class SpatialRelation
{
    private const double NearPixels = 150;
    private const double FreeIntersection = 0.1;
    private const double Threshold = 0.5;

    /// <summary>Relations that can be scored, as the benchmark's prompts spell them.</summary>
    public static IReadOnlyList<string> Known { get; } =
        ["next to", "near", "on side of", "on the left of", "on the right of", "on the top of", "on the bottom of"];

    /// <summary>Score of one image, 0 or 0.5..1; 0 when an object was not found.</summary>
    /// <param name="relation">One of <see cref="Known"/>.</param>
    /// <param name="first">First object and its confidence 0..1, or null when the detector missed it.</param>
    /// <param name="second">Second object.</param>
    /// <exception cref="InvalidInputException">The relation is unknown.</exception>
    public static double Score(string relation, DetectedObject? first, DetectedObject? second)
    {
        RequireKnown(relation);
        if (first is null || second is null)
            return 0;
        var score = (0.25 * first.Confidence) + (0.25 * second.Confidence) + (0.5 * Position(relation, first, second));
        return score < Threshold ? 0 : score;
    }

    /// <summary>How well two boxes are in a relation, 0..1.</summary>
    /// <exception cref="InvalidInputException">The relation is unknown.</exception>
    public static double Position(string relation, DetectedObject first, DetectedObject second)
    {
        RequireKnown(relation);
        var dx = second.CenterX - first.CenterX;
        var dy = second.CenterY - first.CenterY;
        var (wide, high) = (Math.Abs(dx), Math.Abs(dy));
        if (relation is "next to" or "near" or "on side of")
            return wide < NearPixels || high < NearPixels ? 1 : NearPixels / Math.Max(wide, high);
        var holds = relation switch
        {
            "on the left of" => dx > 0 && wide > high,
            "on the right of" => dx < 0 && wide > high,
            "on the top of" => dy > 0 && high > wide,
            _ => dy < 0 && high > wide,
        };
        if (!holds)
            return 0;
        var intersection = IntersectionOverUnion(first, second);
        return intersection < FreeIntersection ? 1 : FreeIntersection / intersection;
    }

    /// <summary>Shared area of two boxes over the area they cover, 0..1.</summary>
    public static double IntersectionOverUnion(DetectedObject first, DetectedObject second)
    {
        var width = Math.Min(first.X1, second.X1) - Math.Max(first.X0, second.X0);
        var height = Math.Min(first.Y1, second.Y1) - Math.Max(first.Y0, second.Y0);
        if (width <= 0 || height <= 0)
            return 0;
        var shared = width * height;
        return shared / (first.Area + second.Area - shared);
    }

    private static void RequireKnown(string relation)
    {
        if (!Known.Contains(relation, StringComparer.Ordinal))
            throw new InvalidInputException("relation", relation, "is not scored", $"use one of: {string.Join(", ", Known)}");
    }
}
