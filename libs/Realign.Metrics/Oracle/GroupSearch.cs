using Realign.World;

namespace Realign.Metrics.Oracle;

/// <summary>
/// Explains pixels that hang together: the places that a coarse search finds are refined, the best of them are taken, what they explain is closed to the
/// next round, and each object is looked at again beside the others. Where much stays unexplained, it begins again with another first object.
/// </summary>
internal sealed class GroupSearch
{
    private const int Looks = 3;
    private const int MostRounds = 6;
    private const int MostObjects = 8;
    private const int MostPlaces = 5;
    private const int MostTries = 5;

    // pixels that nothing explains; the seams between objects have about as many
    private const int MostUnexplained = 12;

    // objects that hide one another reach further than one does
    private const int LeastReach = 33;
    private const float WholeSeen = 0.85f;

    // of the unexplained pixels of the first explanation: what another leaves after one look, to go on with it, and in the end, to be better
    private const float Promising = 0.6f;
    private const float MuchBetter = 0.15f;

    private const float SamePlace = 9;
    private const float SameTry = 4;

    // an object that is explained like this may be taken before others that touch it
    private const float GoodQuality = 0.9f;
    private const float LeastTryQuality = 0.45f;

    private readonly PictureField _field;
    private readonly float[] _base;
    private readonly float[] _open;
    private readonly PlaceRefinement _refinement;
    private readonly SceneCost _cost;
    private readonly List<Candidate> _found = [];

    /// <param name="field">The picture.</param>
    /// <param name="open">1 where a pixel is to be explained, or is background; 0 where it belongs to others.</param>
    public GroupSearch(PictureField field, float[] open)
    {
        (_field, _base, _open) = (field, open, (float[])open.Clone());
        (_refinement, _cost) = (new PlaceRefinement(field), new SceneCost(field, open));
    }

    /// <summary>The objects that explain the pixels best.</summary>
    public IReadOnlyList<Candidate> Run()
    {
        var best = Explain(null, 0);
        var (cost, unexplained) = _cost.Of(best);
        if (unexplained <= MostUnexplained || !IsDoubtful(best))
            return best;
        foreach (var first in Firsts())
        {
            var other = Explain(first, Promising * unexplained);
            var (otherCost, otherUnexplained) = _cost.Of(other);
            if (otherCost >= cost || otherUnexplained > MathF.Max(MostUnexplained, MuchBetter * unexplained))
                continue;
            (best, cost) = (other, otherCost);
            if (otherUnexplained <= MostUnexplained)
                break;
        }

        return best;
    }

    /// <summary>Whether something is left that may be an object, or one hides much of another: what is merely drawn badly is not doubtful.</summary>
    private bool IsDoubtful(List<Candidate> objects)
    {
        if (RegionSearch.ReachOf(RegionSearch.Find(_field, _base)) < LeastReach)
            return false;
        var open = (float[])_base.Clone();
        foreach (var candidate in objects)
            ObjectRemoval.Close(_field, open, candidate);
        return RegionSearch.Find(_field, open).Count > 0 || objects.Any(candidate => candidate.Fit.Seen < WholeSeen);
    }

    /// <summary>Takes objects until nothing improves.</summary>
    /// <param name="first">Where to begin; null for what explains best.</param>
    /// <param name="most">With a beginning: it is given up when the first look leaves more pixels unexplained.</param>
    private List<Candidate> Explain(Candidate? first, float most)
    {
        _found.Clear();
        if (first is { } given)
            _found.Add(given);
        for (var look = 0; look < Looks; look++)
        {
            _base.CopyTo(_open, 0);
            foreach (var candidate in _found)
                ObjectRemoval.Close(_field, _open, candidate);
            var before = _found.Count;
            for (var round = 0; round < MostRounds; round++)
            {
                if (RegionSearch.Find(_field, _open).Count == 0 || !TakeBest())
                    break;
            }

            var isChanged = look > 0 && _found.Count > before;
            for (var index = 0; index < _found.Count; index++)
                isChanged |= LookAgain(index);
            isChanged |= _found.RemoveAll(candidate => !PlaceRefinement.IsObject(candidate)) > 0;
            if ((!isChanged && look > 0) || (first is not null && look == 0 && _cost.Of(_found).Unexplained > most))
                break;
        }

        return [.. _found];
    }

    /// <summary>Objects to begin with, those that explain best first.</summary>
    private List<Candidate> Firsts()
    {
        var firsts = new List<Candidate>();
        var places = Places(CoarseSearch.Find(new CoarseField(_field, _base)))
            .SelectMany(place => _refinement.Refined(place.Select(start => Candidate.At(_field, _base, start.Class, start.Pose)), _base))
            .Where(candidate => candidate.Fit.Quality >= LeastTryQuality && candidate.Fit.Seen >= PlaceRefinement.LeastSeen)
            .OrderByDescending(candidate => candidate.Fit.Quality);
        foreach (var place in places)
        {
            if (firsts.Count < MostTries && !firsts.Any(other => other.Class == place.Class && Distance(other.Pose, place.Pose) <= SameTry))
                firsts.Add(place);
        }

        return firsts;
    }

    /// <summary>One round; false when another would find nothing.</summary>
    private bool TakeBest()
    {
        var before = _found.Count;
        var (weaker, isLeft) = (new List<Candidate>(), false);
        foreach (var place in Places(CoarseSearch.Find(new CoarseField(_field, _open))))
        {
            // a thing of little contrast gets its places when what outshines it is closed
            if (IsTouched(place[0].Pose) ||
                _refinement.BestOf(place.Select(start => Candidate.At(_field, _open, start.Class, start.Pose)), _open) is not { } best)
                isLeft = true;
            else if (!TryTake(best, GoodQuality))
                weaker.Add(best);
        }

        foreach (var candidate in weaker.OrderByDescending(candidate => candidate.Fit.Quality))
            isLeft |= !TryTake(candidate, 0);
        return isLeft && _found.Count > before && _found.Count < MostObjects;

        // what touches one that was taken in this round is looked at in the next, when that one's pixels are closed
        bool IsTouched(GlyphPose pose) => _found.Skip(before).Any(taken => Touch(taken.Pose, pose));

        bool TryTake(Candidate candidate, float leastQuality)
        {
            if (candidate.Fit.Quality < leastQuality || IsTouched(candidate.Pose))
                return false;
            _found.Add(candidate);
            ObjectRemoval.Close(_field, _open, candidate);
            return true;
        }
    }

    private static bool Touch(GlyphPose one, GlyphPose other) =>
        MathF.Abs(one.CenterX - other.CenterX) < (one.Width + other.Width) / 2 && MathF.Abs(one.CenterY - other.CenterY) < (one.Height + other.Height) / 2;

    /// <summary>Starts that are at one place, the best place first.</summary>
    private static IEnumerable<List<(int Class, GlyphPose Pose, float Score)>> Places(List<(int Class, GlyphPose Pose, float Score)> coarse)
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

    /// <summary>Looks for a better class and pose at the place of an object, with only the other objects taken out; true when there is one.</summary>
    private bool LookAgain(int index)
    {
        var open = (float[])_base.Clone();
        for (var other = 0; other < _found.Count; other++)
        {
            if (other != index)
                ObjectRemoval.Close(_field, open, _found[other]);
        }

        var start = _found[index];
        var here = Candidate.At(_field, open, start.Class, start.Pose);
        var best = _refinement.BestOf([here, .. RegionSearch.Starts(start.Box).Select(place => Candidate.At(_field, open, place.Class, place.Pose))], open);
        _found[index] = best ?? here;
        return _found[index].Class != start.Class;
    }

    private static float Distance(GlyphPose one, GlyphPose other) => MathF.Abs(one.CenterX - other.CenterX) + MathF.Abs(one.CenterY - other.CenterY);
}
