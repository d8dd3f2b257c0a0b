namespace Realign.Metrics.Oracle;

/// <summary>Refines what may be at one place: many starts by a glance, some to the end.</summary>
internal sealed class PlaceRefinement(PictureField field)
{
    /// <summary>Least share of an object's area that is seen.</summary>
    public const float LeastSeen = 0.45f;

    private const int Glanced = 12;
    private const int Finished = 4;
    private const float LeastGlance = 0.25f;
    private const float LeastQuality = 0.6f;

    // squared difference from the background, per pixel: about 12 in all
    private const float LeastDensity = 150;

    // of the energy of an object's inner pixels, what no color of the palette explains
    private const float MostUnexplained = 0.35f;

    public static bool IsObject(Candidate candidate) => candidate.Fit.Seen >= LeastSeen && candidate.Fit.Quality >= LeastQuality
        && candidate.Fit.Explained >= LeastDensity * candidate.Fit.Area * candidate.Fit.Seen;

    /// <summary>The start that is an object and fits best after refining.</summary>
    public Candidate? BestOf(IEnumerable<Candidate> starts, float[] open)
    {
        var refined = Refined(starts, open).Where(IsObject).Select(candidate => (Candidate: candidate, ColorReading.Of(field, open, candidate).Unexplained))
            .Where(item => item.Unexplained <= MostUnexplained).ToList();
        return refined.Count == 0 ? null : refined.MaxBy(item => item.Candidate.Fit.Benefit - (item.Unexplained * item.Candidate.Fit.Inside)).Candidate;
    }

    /// <summary>The best starts, refined.</summary>
    public IEnumerable<Candidate> Refined(IEnumerable<Candidate> starts, float[] open)
    {
        var glanced = starts.OrderByDescending(start => start.Fit.Benefit).Take(Glanced).Select(start => PoseSearch.Refine(field, open, start, 1, 1));
        return glanced.OrderByDescending(start => start.Fit.Benefit).Take(Finished).Where(start => start.Fit.Quality >= LeastGlance)
            .Select(start => PoseSearch.Refine(field, open, start, 4, 0.5f));
    }
}
