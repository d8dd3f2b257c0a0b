using Realign.V1;

namespace Realign.Gateway.Places;

/// <summary>
/// Where each phrase was found. A place belongs to one tag alone: the one that the detector is surer of there. (Asked for a car, it also
/// marks the bus, with a small score.) A merely possible object never takes a place of a certain one.
/// </summary>
internal sealed class FoundPlaces
{
    /// <summary>Two masks that overlap more than this show the same thing under two names; what lies on or in another thing stays below.</summary>
    private const double SameThing = 0.7;

    /// <summary>Two detections that overlap more than this are the same place.</summary>
    private const double SamePlace = 0.5;

    private readonly Dictionary<string, GroundedPhrase> _answers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, IReadOnlyList<Region>> _regions = new(StringComparer.Ordinal);
    private readonly Dictionary<string, IReadOnlyList<Region>> _own = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _losses = new(StringComparer.Ordinal);

    /// <summary>Reads the segmenter's answers.</summary>
    /// <param name="phrases">What was looked for.</param>
    /// <param name="answers">One per phrase, in order.</param>
    /// <param name="objects">The objects whose tags are among the phrases.</param>
    public FoundPlaces(IReadOnlyList<string> phrases, IReadOnlyList<GroundedPhrase> answers, IReadOnlyList<SceneObject> objects)
    {
        foreach (var (phrase, answer) in phrases.Zip(answers))
        {
            _answers[phrase] = answer;
            _regions[phrase] = [.. answer.Detections.Select(Region.Of)];
        }

        var tags = objects.GroupBy(item => item.Entry.Tag).Select(group => (Tag: group.Key, Score: group.Max(item => item.Entry.Score))).ToList();
        foreach (var (tag, score) in tags)
        {
            var rivals = tags.Where(other => other.Tag != tag && other.Score >= score).Select(other => other.Tag).ToList();
            _own[tag] = [.. At(tag).Where(region => region.Mask is not null && !IsLost(tag, region, rivals))];
        }
    }

    /// <summary>All places of a phrase, surest first.</summary>
    public IReadOnlyList<Region> At(string phrase) => _regions.GetValueOrDefault(phrase, []);

    /// <summary>The places with a mask that are a tag's own.</summary>
    public IReadOnlyList<Region> Of(string tag) => _own.GetValueOrDefault(tag, []);

    /// <summary>The tag that took a place of this one because the detector is surer of it there; null when none did.</summary>
    public string? RivalOf(string tag) => _losses.GetValueOrDefault(tag);

    /// <summary>The detector's best score for an object's own description ("red car") at a place; 0 where it was not found or not looked for.</summary>
    public double DescriptionScore(SceneObject item, Region place) =>
        At(item.Description).Where(region => region.Overlap(place) >= SamePlace).Select(region => region.Score).DefaultIfEmpty(0).Max();

    /// <summary>Why an object has no place.</summary>
    /// <param name="item">The object.</param>
    /// <param name="objects">How many objects have its tag.</param>
    public string WhyNot(SceneObject item, int objects)
    {
        var tag = item.Entry.Tag;
        var places = Of(tag).Count;
        if (places > 0)
            return FormattableString.Invariant($"the coarse image has {places} {tag} for {objects} of the prompt, and others fit better");
        if (_losses.TryGetValue(tag, out var rival))
            return $"what was found for it in the coarse image is the {rival}";
        return _answers.TryGetValue(tag, out var answer) && answer.Note.Length > 0 ? answer.Note : "the segmenter did not find it in the coarse image";
    }

    private bool IsLost(string tag, Region region, List<string> rivals)
    {
        var rival = rivals.Find(other => At(other).Any(place => place.Mask is not null && place.Score > region.Score && place.Overlap(region) >= SameThing));
        if (rival is null)
            return false;
        _ = _losses.TryAdd(tag, rival);
        return true;
    }
}
