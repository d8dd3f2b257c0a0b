using Realign.Core;
using Realign.Core.Images;
using Realign.V1;
using Realign.Wire.Masks;

namespace Realign.Gateway.Realigning;

/// <summary>
/// From scene entries to segments (algorithms 4.3). What is looked for in the coarse image is the tag, never the target phrase: the
/// phrase says what shall be there, e.g. "a yellow vase", while the image may show a blue one. An object that is missing from the
/// image has no mask and cannot steer; it is reported, not hidden.
/// </summary>
internal sealed class SegmentPlan
{
    private readonly List<SceneEntry> _candidates;
    private readonly List<Segment> _segments = [];
    private readonly List<SceneEntry> _sources = [];
    private readonly List<UnusedEntry> _unused = [];

    public SegmentPlan(IEnumerable<SceneEntry> entries)
    {
        // objects that must not appear (score 0) need no place
        var wanted = entries.Where(entry => entry.Score > 0).ToList();
        foreach (var missing in wanted.Where(entry => entry.Source == EntrySource.Missing))
            Drop(missing, "the tagger did not find it in the coarse image, so it has no place to be refined in");
        var present = wanted.Where(entry => entry.Source != EntrySource.Missing).ToList();
        _candidates = [.. Best(present, Limits.Phrases)];
        foreach (var dropped in present.Except(_candidates))
            Drop(dropped, $"{Limits.Phrases} objects with larger scores were looked for instead");
    }

    /// <summary>What the segmenter is asked to find: the candidates' tags.</summary>
    public IEnumerable<string> Phrases => _candidates.Select(entry => entry.Tag);

    /// <summary>The segments so far.</summary>
    public IReadOnlyList<Segment> Segments => _segments;

    /// <summary>The wanted objects that are not among them.</summary>
    public IReadOnlyList<UnusedEntry> Unused => _unused;

    /// <summary>Turns the segmenter's answers, one per phrase in order, into segments.</summary>
    public void Locate(IReadOnlyList<GroundedPhrase> answers)
    {
        var located = new List<(SceneEntry Entry, Mask Mask)>();
        for (var i = 0; i < _candidates.Count; i++)
        {
            var answer = i < answers.Count ? answers[i] : new GroundedPhrase();
            if (MaskOf(answer, PhraseCount.Of(_candidates[i].Phrase)) is { } mask)
                located.Add((_candidates[i], mask));
            else
                Drop(_candidates[i], answer.Note.Length > 0 ? answer.Note : "the segmenter did not find it in the coarse image");
        }

        var kept = Best(located.Select(pair => pair.Entry), Limits.Segments).ToHashSet();
        foreach (var (entry, mask) in located)
        {
            if (!kept.Contains(entry))
            {
                Drop(entry, $"{Limits.Segments} objects with larger scores were used instead");
                continue;
            }

            _sources.Add(entry);
            _segments.Add(new Segment { Phrase = entry.Phrase.Length > 0 ? entry.Phrase : entry.Tag, Score = entry.Score, Mask = mask });
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
        : string.Join("; ", _unused.Select(entry => $"{entry.Tag}: {entry.Reason}"));

    /// <summary>A phrase with a count keeps that many detections, the best ones; any other one all of them.</summary>
    private static Mask? MaskOf(GroundedPhrase answer, int? count)
    {
        if (count is { } limit && answer.Detections.Count > limit)
        {
            var masks = answer.Detections.Take(limit).Select(detection => MaskMessages.ReadOrNull(detection.Mask)).OfType<MaskRuns>().ToList();
            if (masks.Count == limit && MaskRuns.Union(masks) is { Area: > 0 } union)
                return union.ToMessage();
        }

        return MaskMessages.ReadOrNull(answer.Mask) is { Area: > 0 } ? answer.Mask : null;
    }

    private static IEnumerable<SceneEntry> Best(IEnumerable<SceneEntry> entries, int count)
    {
        var all = entries.ToList();
        if (all.Count <= count)
            return all;
        var kept = all.OrderByDescending(entry => entry.Score).Take(count).ToHashSet();
        return all.Where(kept.Contains);
    }

    private void Drop(SceneEntry entry, string reason) =>
        _unused.Add(new UnusedEntry { Tag = entry.Tag, Phrase = entry.Phrase, Score = entry.Score, Reason = reason });
}
