using Realign.Core;
using Realign.Core.Images;
using Realign.Gateway.Places;
using Realign.V1;
using Realign.Wire.Masks;

namespace Realign.Gateway.Realigning;

/// <summary>
/// From scene entries to segments (algorithms 4.3), one for each object. What is looked for in the coarse image is the tag, never the
/// target phrase: the phrase says what shall be there, e.g. "a yellow vase", while the image may show a blue one. Where a tag names
/// several objects, their descriptions are looked for besides, to tell which place belongs to which. An object without a place cannot
/// steer; it is reported, not hidden.
/// </summary>
internal sealed class SegmentPlan
{
    private readonly List<SceneObject> _candidates;
    private readonly List<string> _phrases;
    private readonly List<Segment> _segments = [];
    private readonly List<SceneObject> _sources = [];
    private readonly List<UnusedEntry> _unused = [];

    public SegmentPlan(IEnumerable<SceneEntry> entries)
    {
        // objects that must not appear (score 0) need no place
        var wanted = entries.Select((entry, index) => new SceneObject(index, entry)).Where(item => item.Entry.Score > 0).ToList();
        foreach (var missing in wanted.Where(item => item.Entry.Source == EntrySource.Missing))
            Drop(missing, "the tagger did not find it in the coarse image, so it has no place to be refined in");
        var present = new List<SceneObject>();
        foreach (var item in wanted.Where(item => item.Entry.Source != EntrySource.Missing))
        {
            if (present.Find(item.IsSame) is { } same)
                Drop(item, $"it is the object of the tag {same.Entry.Tag}");
            else
                present.Add(item);
        }

        var tags = Best(present.GroupBy(item => item.Entry.Tag).ToList(), group => group.Max(item => item.Entry.Score), Limits.Phrases).ToList();
        _candidates = [.. tags.SelectMany(group => group)];
        foreach (var dropped in present.Except(_candidates))
            Drop(dropped, $"{Limits.Phrases} objects with larger scores were looked for instead");
        var described = tags.Where(group => group.Count() > 1).SelectMany(group => group.Select(item => item.Description));
        _phrases = [.. tags.Select(group => group.Key).Concat(described).Distinct().Take(Limits.Phrases)];
    }

    /// <summary>What the segmenter is asked to find: the candidates' tags, then what tells objects of one tag apart.</summary>
    public IReadOnlyList<string> Phrases => _phrases;

    /// <summary>The segments so far.</summary>
    public IReadOnlyList<Segment> Segments => _segments;

    /// <summary>For each segment, the place of its entry.</summary>
    public IEnumerable<int> SegmentEntries => _sources.Select(source => source.Index);

    /// <summary>The wanted objects that are not among them.</summary>
    public IReadOnlyList<UnusedEntry> Unused => _unused;

    /// <summary>Turns the segmenter's answers, one per phrase in order, into segments.</summary>
    public void Locate(IReadOnlyList<GroundedPhrase> answers)
    {
        var found = new FoundPlaces(_phrases, answers, _candidates);
        var located = new List<(SceneObject Item, Mask Mask)>();
        foreach (var group in _candidates.GroupBy(item => item.Entry.Tag))
        {
            var objects = group.ToList();
            var shared = ObjectPlaces.Share(objects, found.Of(group.Key), (item, place) => objects.Count > 1 ? found.DescriptionScore(item, place) : 0);
            for (var i = 0; i < objects.Count; i++)
            {
                if (MaskOf(shared[i]) is { } mask)
                    located.Add((objects[i], mask));
                else
                    Drop(objects[i], found.WhyNot(objects[i], objects.Count));
            }
        }

        var kept = Best(located, pair => pair.Item.Entry.Score, Limits.Segments).ToHashSet();
        foreach (var (item, mask) in located)
        {
            if (!kept.Contains((item, mask)))
            {
                Drop(item, $"{Limits.Segments} objects with larger scores were used instead");
                continue;
            }

            _sources.Add(item);
            var phrase = item.Entry.Phrase.Length > 0 ? item.Entry.Phrase : item.Entry.Tag;
            _segments.Add(new Segment { Phrase = phrase, Score = item.Entry.Score, Mask = mask });
        }
    }

    /// <summary>Takes out the segments that the Generator reports as without effect.</summary>
    /// <param name="reports">One per segment, in order.</param>
    public void DropIgnored(IReadOnlyList<SegmentReport> reports)
    {
        for (var i = Math.Min(reports.Count, _segments.Count) - 1; i >= 0; i--)
        {
            if (reports[i].IgnoredBecause.Length == 0)
                continue;
            Drop(_sources[i], reports[i].IgnoredBecause);
            _sources.RemoveAt(i);
            _segments.RemoveAt(i);
        }
    }

    /// <summary>Why there is no segment.</summary>
    public string WhyEmpty() => _unused.Count == 0
        ? "the scene scorer named no object that the image shall show"
        : string.Join("; ", _unused.Select(entry => $"{(entry.Phrase.Length > 0 ? entry.Phrase : entry.Tag)}: {entry.Reason}"));

    private static Mask? MaskOf(IReadOnlyList<Region> places)
    {
        var masks = places.Select(place => place.Mask).OfType<MaskRuns>().ToList();
        return masks.Count > 0 ? MaskRuns.Union(masks)?.ToMessage() : null;
    }

    private static IEnumerable<T> Best<T>(IReadOnlyCollection<T> items, Func<T, float> score, int count)
    {
        if (items.Count <= count)
            return items;
        var kept = items.OrderByDescending(score).Take(count).ToHashSet();
        return items.Where(kept.Contains);
    }

    private void Drop(SceneObject item, string reason) => _unused.Add(new UnusedEntry
    {
        Tag = item.Entry.Tag,
        Phrase = item.Entry.Phrase,
        Score = item.Entry.Score,
        Reason = reason,
        Entry = item.Index,
    });
}
