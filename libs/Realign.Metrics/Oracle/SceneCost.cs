namespace Realign.Metrics.Oracle;

/// <summary>What objects leave unexplained of a part of a picture.</summary>
internal sealed class SceneCost
{
    // squared: no pixel counts more, so that dark objects do not outshine light ones
    private const float MostDifference = 60 * 60;

    // squared: a pixel that is further from all that may be there is not explained
    private const float Unlike = 40 * 40;
    private const float Covered = 0.5f;
    private const float Trace = 0.02f;

    // an object has to explain as much as so many pixels
    private const float Price = 10 * MostDifference;

    private readonly PictureField _field;
    private readonly float[] _open;

    public SceneCost(PictureField field, float[] open) => (_field, _open) = (field, open);

    /// <summary>The energy that is not explained, with a price for each object, and the pixels that nothing explains.</summary>
    public (float Cost, int Unexplained) Of(IReadOnlyList<Candidate> objects)
    {
        var (best, covered) = ((float[])_field.Energy.Clone(), new bool[_open.Length]);
        foreach (var candidate in objects)
        {
            ObjectRemoval.Over(_field, candidate, (i, texel, distance) =>
            {
                if (texel.X <= Trace)
                    return;
                // where an object is, the background does not show
                if (texel.X >= Covered && !covered[i])
                    (covered[i], best[i]) = (true, distance);
                else
                    best[i] = MathF.Min(best[i], distance);
            });
        }

        var cost = Price * objects.Count;
        var unexplained = new bool[best.Length];
        for (var i = 0; i < best.Length; i++)
        {
            cost += _open[i] * MathF.Min(MostDifference, best[i]);
            unexplained[i] = _open[i] > 0 && best[i] > Unlike;
        }

        return (cost, ObjectRemoval.Thick(unexplained).Count(flag => flag));
    }
}
