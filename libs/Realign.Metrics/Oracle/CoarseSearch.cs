using System.Numerics;
using Realign.World;

namespace Realign.Metrics.Oracle;

/// <summary>Slides every template over the picture at half the resolution and keeps the best places of each class.</summary>
internal static class CoarseSearch
{
    private const int PlacesPerClass = 8;
    private const float SamePlace = 8;
    private const float RingWeight = 0.4f;

    // differences of any direction explain less than those of one color
    private const float AnyColor = 0.85f;
    // energy in the middle of a window, against that of all of it, both per open pixel
    private const float LeastMiddle = 0.6f;
    private const float LeastOpen = 0.4f;

    // in half pixels: what a thing of 10 x 10 pixels, 14 off the background, has
    private const float LeastEnergy = 5 * 5 * 14 * 14;

    /// <summary>Class, pose and score of the best places, best first.</summary>
    public static List<(int Class, GlyphPose Pose, float Score)> Find(CoarseField field)
    {
        var best = new List<(int Class, GlyphPose Pose, float Score)>[TemplateBank.Textures.Count];
        for (var noun = 0; noun < best.Length; noun++)
            best[noun] = [];
        var sums = new Sums(field.Energy);
        var weights = new Sums(field.Weight);
        foreach (var template in TemplateBank.Coarse)
        {
            var places = best[template.Class];
            var (lastX, lastY) = (CoarseField.Side - template.Width, CoarseField.Side - template.Height);
            for (var y = 0; y <= lastY; y++)
            {
                // every other place, as on a chess board: refining finds what is between
                for (var x = y % 2; x <= lastX; x += 2)
                {
                    // nothing explains more energy than there is, and an object has its share in the middle, as far as that is open
                    var energy = sums.Of(x, y, template.Width, template.Height);
                    if (energy < LeastEnergy || (places.Count == PlacesPerClass && energy <= places[^1].Score)
                        || Middle(sums, x, y) * weights.Of(x, y, template.Width, template.Height) < LeastMiddle * energy * Middle(weights, x, y))
                        continue;
                    var score = Score(field, template, (y * CoarseField.Side) + x);
                    if (score > 0)
                        Keep(places, (template.Class, Pose(template, x, y), score));
                }
            }

            float Middle(Sums plane, int x, int y) => plane.Of(x + (template.Width / 4), y + (template.Height / 4),
                template.Width - (2 * (template.Width / 4)), template.Height - (2 * (template.Height / 4)));
        }

        return [.. best.SelectMany(places => places).OrderByDescending(place => place.Score)];
    }

    private static GlyphPose Pose(CoarseTemplate template, int x, int y) => new(
        2 * (x - CoarseField.Margin - template.Left), 2 * (y - CoarseField.Margin - template.Top), template.Size, template.Size, 0);

    private static float Score(CoarseField field, CoarseTemplate template, int origin)
    {
        var (r, g, b, any, open, ring) = (Vector<float>.Zero, Vector<float>.Zero, Vector<float>.Zero, Vector<float>.Zero, Vector<float>.Zero,
            Vector<float>.Zero);
        for (var row = 0; row < template.Height; row++)
        {
            for (var column = 0; column < template.Stride; column += Vector<float>.Count)
            {
                var (at, from) = ((row * template.Stride) + column, origin + (row * CoarseField.Side) + column);
                var alpha = new Vector<float>(template.Alpha, at);
                r += alpha * new Vector<float>(field.R, from);
                g += alpha * new Vector<float>(field.G, from);
                b += alpha * new Vector<float>(field.B, from);
                any += alpha * new Vector<float>(field.Difference, from);
                open += new Vector<float>(template.Square, at) * new Vector<float>(field.Weight, from);
                ring += new Vector<float>(template.Ring, at) * new Vector<float>(field.Energy, from);
            }
        }

        var square = Vector.Sum(open);
        if (square < LeastOpen * template.SquareSum)
            return 0;
        var (red, green, blue) = (Vector.Sum(r), Vector.Sum(g), Vector.Sum(b));
        var different = Vector.Sum(any);
        var explained = MathF.Max((red * red) + (green * green) + (blue * blue), AnyColor * different * different) / square;
        return explained - (RingWeight * Vector.Sum(ring));
    }

    private static void Keep(List<(int Class, GlyphPose Pose, float Score)> places, (int Class, GlyphPose Pose, float Score) place)
    {
        if (places.Count == PlacesPerClass && place.Score <= places[^1].Score)
            return;
        for (var index = 0; index < places.Count; index++)
        {
            if (MathF.Abs(places[index].Pose.CenterX - place.Pose.CenterX) + MathF.Abs(places[index].Pose.CenterY - place.Pose.CenterY) > SamePlace)
                continue;
            if (places[index].Score >= place.Score)
                return;
            places.RemoveAt(index--);
        }

        var before = places.FindIndex(other => other.Score < place.Score);
        places.Insert(before < 0 ? places.Count : before, place);
        if (places.Count > PlacesPerClass)
            places.RemoveAt(PlacesPerClass);
    }

    /// <summary>Sums over rectangles in constant time.</summary>
    private sealed class Sums
    {
        private const int Stride = CoarseField.Side + 1;
        private readonly float[] _upTo = new float[Stride * Stride];

        public Sums(float[] plane)
        {
            for (var y = 0; y < CoarseField.Side; y++)
            {
                for (var x = 0; x < CoarseField.Side; x++)
                {
                    _upTo[((y + 1) * Stride) + x + 1] = plane[(y * CoarseField.Side) + x] + _upTo[(y * Stride) + x + 1] + _upTo[((y + 1) * Stride) + x]
                        - _upTo[(y * Stride) + x];
                }
            }
        }

        public float Of(int x, int y, int width, int height) => _upTo[((y + height) * Stride) + x + width] - _upTo[(y * Stride) + x + width]
            - _upTo[((y + height) * Stride) + x] + _upTo[(y * Stride) + x];
    }
}
