using Realign.Core.Images;

namespace Realign.Metrics.Oracle;

/// <summary>
/// Finds the objects of a picture one after another: the places that a coarse search finds are refined, the best of them are taken, and what they explain
/// is closed to the next round. In the end each object that touches others is looked at again beside them.
/// </summary>
internal sealed class SceneSearch(PictureField field)
{
    private const int Looks = 3;
    private const int MostRounds = 6;
    private const int MostObjects = 8;
    private const int MostPlaces = 5;
    private const int Glanced = 12;
    private const int Refined = 4;
    private const float SamePlace = 9;
    private const float LeastGlance = 0.25f;
    private const float LeastQuality = 0.6f;

    // squared difference from the background, per pixel: about 12 in all
    private const float LeastDensity = 150;

    // of the energy of an object's inner pixels, what no colour of the palette explains
    private const float MostUnexplained = 0.35f;
    private const float LeastSeen = 0.4f;

    // an object that is explained like this beside nothing needs no second look
    private const float GoodQuality = 0.9f;

    private readonly float[] _open = AllOpen();
    private readonly List<Candidate> _found = [];

    /// <summary>The objects, best explained first.</summary>
    public IReadOnlyList<SeenObject> Run()
    {
        for (var look = 0; look < Looks; look++)
        {
            for (var round = 0; round < MostRounds; round++)
            {
                if (!TakeBest())
                    break;
            }

            var isChanged = false;
            for (var index = 0; index < _found.Count; index++)
                isChanged |= LookAgain(index);
            isChanged |= _found.RemoveAll(candidate => !IsObject(candidate)) > 0;
            if (!isChanged)
                break;
            // what the corrected objects leave open may be an object that nobody saw
            Array.Fill(_open, 1);
            foreach (var candidate in _found)
                Close(_open, candidate);
        }

        return [.. _found.Select((candidate, index) => See(candidate, index)).OrderByDescending(seen => seen.Score)];
    }

    private static float[] AllOpen()
    {
        var open = new float[PictureField.Side * PictureField.Side];
        Array.Fill(open, 1);
        return open;
    }

    /// <summary>One round; false when another would find nothing.</summary>
    private bool TakeBest()
    {
        var before = _found.Count;
        var (weaker, isLeft) = (new List<Candidate>(), false);
        foreach (var place in Places(CoarseSearch.Find(new CoarseField(field, _open))))
        {
            // a thing of little contrast gets its places when what outshines it is closed
            if (IsTouched(place[0].Pose) || BestOf(place.Select(start => Start(start.Class, start.Pose, _open)), _open) is not { } best)
                isLeft = true;
            else if (!TryTake(best, GoodQuality))
                weaker.Add(best);
        }

        foreach (var candidate in weaker.OrderByDescending(candidate => candidate.Fit.Quality))
            isLeft |= !TryTake(candidate, 0);
        return isLeft && _found.Count > before && _found.Count < MostObjects;

        // what touches one that was taken in this round is looked at in the next, when that one's pixels are closed
        bool IsTouched(World.GlyphPose pose) => _found.Skip(before).Any(taken => Touch(taken.Pose, pose));

        bool TryTake(Candidate candidate, float leastQuality)
        {
            if (candidate.Fit.Quality < leastQuality || IsTouched(candidate.Pose))
                return false;
            _found.Add(candidate);
            Close(_open, candidate);
            return true;
        }
    }

    /// <summary>The start that fits best after refining: many by a glance, some to the end.</summary>
    private Candidate? BestOf(IEnumerable<Candidate> starts, float[] open)
    {
        var glanced = starts.OrderByDescending(start => start.Fit.Benefit).Take(Glanced).Select(start => PoseSearch.Refine(field, open, start, 1, 1));
        var refined = glanced.OrderByDescending(start => start.Fit.Benefit).Take(Refined).Where(start => start.Fit.Quality >= LeastGlance)
            .Select(start => PoseSearch.Refine(field, open, start, 4, 0.5f)).Where(IsObject).Select(candidate =>
            (Candidate: candidate, ColorReading.Of(field, open, candidate).Unexplained)).Where(item => item.Unexplained <= MostUnexplained).ToList();
        return refined.Count == 0 ? null : refined.MaxBy(item => item.Candidate.Fit.Benefit - (item.Unexplained * item.Candidate.Fit.Inside)).Candidate;
    }

    private static bool Touch(World.GlyphPose one, World.GlyphPose other) =>
        MathF.Abs(one.CenterX - other.CenterX) < (one.Width + other.Width) / 2 && MathF.Abs(one.CenterY - other.CenterY) < (one.Height + other.Height) / 2;

    /// <summary>Starts that are at one place, the best place first.</summary>
    private static IEnumerable<List<(int Class, World.GlyphPose Pose, float Score)>> Places(List<(int Class, World.GlyphPose Pose, float Score)> coarse)
    {
        var open = coarse.ToList();
        for (var count = 0; open.Count > 0 && count < MostPlaces; count++)
        {
            var head = open[0].Pose;
            var near = open.Where(start => Distance(start.Pose, head) <= SamePlace).ToList();
            open = [.. open.Except(near)];
            yield return [.. near.GroupBy(start => start.Class).SelectMany(starts => starts.Take(2))];
        }
    }

    private Candidate Start(int noun, World.GlyphPose pose, float[] open) =>
        new(noun, pose, TemplateEvaluator.Fit(field, open, TemplateBank.Textures[noun], pose));

    private static bool IsObject(Candidate candidate) => candidate.Fit.Seen >= LeastSeen && candidate.Fit.Quality >= LeastQuality
        && candidate.Fit.Explained >= LeastDensity * candidate.Fit.Area * candidate.Fit.Seen;

    /// <summary>Takes the pixels of an object out.</summary>
    private static void Close(float[] open, Candidate candidate)
    {
        var sampler = new TemplateSampler(TemplateBank.Textures[candidate.Class], candidate.Pose);
        for (var y = Math.Max(0, sampler.Top); y <= Math.Min(sampler.Bottom, PictureField.Side - 1); y++)
        {
            for (var x = Math.Max(0, sampler.Left); x <= Math.Min(sampler.Right, PictureField.Side - 1); x++)
            {
                var texel = sampler.At(x, y);
                open[(y * PictureField.Side) + x] *= texel.W > 0.5f && texel.X > 0.01f ? 0 : 1 - MathF.Min(1, 2 * texel.X);
            }
        }
    }

    private float[] OpenBeside(int index)
    {
        var open = AllOpen();
        for (var other = 0; other < _found.Count; other++)
        {
            if (other != index)
                Close(open, _found[other]);
        }

        return open;
    }

    /// <summary>Looks for a better class and pose at the place of an object, with only the other objects taken out; true when there is one.</summary>
    private bool LookAgain(int index)
    {
        var start = _found[index];
        if (start.Fit.Quality >= GoodQuality && !_found.Where((_, other) => other != index).Any(other => Touch(other.Pose, start.Pose)))
            return false;
        var open = OpenBeside(index);
        var here = Start(start.Class, start.Pose, open);
        var near = CoarseSearch.Find(new CoarseField(field, open)).Where(place => Distance(place.Pose, start.Pose) <= 2 * SamePlace);
        var starts = near.GroupBy(place => place.Class).SelectMany(places => places.Take(2)).Select(place => Start(place.Class, place.Pose, open));
        var best = BestOf([here, .. starts], open);
        _found[index] = best ?? here;
        return _found[index].Class != start.Class;
    }

    private static float Distance(World.GlyphPose one, World.GlyphPose other) =>
        MathF.Abs(one.CenterX - other.CenterX) + MathF.Abs(one.CenterY - other.CenterY);

    private SeenObject See(Candidate candidate, int index)
    {
        var open = OpenBeside(index);
        var (left, top, right, bottom) = ((float)PictureField.Side, (float)PictureField.Side, 0f, 0f);
        var sampler = new TemplateSampler(TemplateBank.Textures[candidate.Class], candidate.Pose);
        for (var y = Math.Max(0, sampler.Top); y <= Math.Min(sampler.Bottom, PictureField.Side - 1); y++)
        {
            for (var x = Math.Max(0, sampler.Left); x <= Math.Min(sampler.Right, PictureField.Side - 1); x++)
            {
                if (sampler.At(x, y).X >= 0.5f)
                    (left, top, right, bottom) = (MathF.Min(left, x), MathF.Min(top, y), MathF.Max(right, x + 1), MathF.Max(bottom, y + 1));
            }
        }

        return new SeenObject(TemplateBank.Textures[candidate.Class].Noun, ColorReading.Of(field, open, candidate).Name,
            new BoundingBox(left, top, right, bottom), candidate.Fit.Seen, candidate.Fit.Quality);
    }
}
