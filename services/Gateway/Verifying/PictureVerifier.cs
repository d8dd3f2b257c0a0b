using Realign.Gateway.Places;
using Realign.V1;

namespace Realign.Gateway.Verifying;

/// <summary>Compares what the readers say of an image with what the prompt demands: a pure function of both.</summary>
internal sealed class PictureVerifier
{
    private readonly DemandedObjects _demand;
    private readonly FoundPlaces? _found;
    private readonly PresenceRule _presence;
    private readonly AttributeRule _attribute;

    private PictureVerifier(DemandedObjects demand, PictureReading reading)
    {
        _demand = demand;
        _found = reading.Grounded is { } grounded ? new FoundPlaces(reading.Phrases, grounded, demand.Objects) : null;
        _presence = new PresenceRule(reading, _found);
        _attribute = new AttributeRule(reading.Caption, new ColorWords(reading.ColorNames));
    }

    /// <summary>The verification of an image.</summary>
    /// <param name="picture">Which image.</param>
    /// <param name="demand">What the prompt demands.</param>
    /// <param name="reading">What the readers say.</param>
    public static Verification Verify(PictureKind picture, DemandedObjects demand, PictureReading reading)
    {
        var verification = new PictureVerifier(demand, reading).Verify();
        verification.Picture = picture;
        if (reading.LogLikelihood is { } likelihood)
            verification.LogLikelihood = likelihood;
        verification.Unread.AddRange(reading.Unread);
        return verification;
    }

    private Verification Verify()
    {
        var objects = new ObjectVerdict[_demand.Objects.Count];
        foreach (var group in _demand.Objects.GroupBy(item => item.Entry.Noun).Select(group => group.ToList()))
        {
            foreach (var (item, verdict) in group.Zip(Judge(group)))
                objects[item.Index] = verdict;
        }

        var relations = _demand.Demand.Relations.Select((relation, index) => Judge(relation, index, objects)).ToList();
        var missing = objects.Count(item => item.Presence == Verdict.Contradicted);
        var wrong = objects.Count(item => item.Presence != Verdict.Contradicted && item.Verdict == Verdict.Contradicted);
        var contradicted = wrong + relations.Count(relation => relation.Verdict == Verdict.Contradicted);
        return new Verification
        {
            Objects = { objects },
            Relations = { relations },
            Contradicted = contradicted,
            Missing = missing,
            Unknown = objects.Count(item => item.Verdict == Verdict.Unknown) + relations.Count(relation => relation.Verdict == Verdict.Unknown),
            Verified = objects.Length > 0 && contradicted == 0 && Array.TrueForAll(objects, item => item.Presence == Verdict.Confirmed),
        };
    }

    /// <summary>The objects of one noun, which share its places: one for each, or as many as the prompt counts.</summary>
    private IEnumerable<ObjectVerdict> Judge(List<SceneObject> group)
    {
        var places = _found?.Of(group[0].Entry.Noun) ?? [];
        var shared = ObjectPlaces.Share(group, places, Fit);
        var left = places.Count - shared.Sum(own => own.Count);
        for (var i = 0; i < group.Count; i++)
        {
            var (item, own) = (group[i], shared[i]);
            var (presence, evidence) = _presence.Read(item, own, isFirst: i == 0, isNounPlaced: places.Count > 0);
            var verdict = new ObjectVerdict
            {
                Entity = item.Index,
                Presence = presence,
                PresenceEvidence = { evidence },
                Found = group.Count == 1 ? places.Count : own.Count,
                Boxes = { own.Select(place => place.Box) },
            };
            verdict.Count = CountOf(item, verdict.Found, group.Count == 1 ? 0 : left);
            verdict.Attributes.AddRange(item.Entry.Attributes.Select(attribute => presence == Verdict.Confirmed || own.Count > 0
                ? _attribute.Read(item, attribute, own, group.Count)
                : new AttributeVerdict { Attribute = attribute, Verdict = Verdict.Unknown }));
            verdict.Verdict = Verdicts.All([
                verdict.Presence,
                .. verdict.Attributes.Select(attribute => attribute.Verdict),
                .. item.Entry.Count > 0 ? [verdict.Count] : Array.Empty<Verdict>()]);
            yield return verdict;
        }
    }

    /// <summary>How well a place fits an object: by how sure the detector is of its description there, and by the colors inside the mask.</summary>
    private double Fit(SceneObject item, Region place) => (_found?.DescriptionScore(item, place) ?? 0)
        + place.Colors.Where(color => item.Entry.Attributes.Any(attribute => ColorWords.Same(attribute, color.Name))).Sum(color => (double)color.Share);

    /// <param name="item">The object.</param>
    /// <param name="found">Its places.</param>
    /// <param name="left">Places of its noun that no object took: they may belong to any.</param>
    private static Verdict CountOf(SceneObject item, int found, int left) =>
        item.Entry.Count == 0 || found == 0 ? Verdict.Unknown
        : found != item.Entry.Count ? Verdict.Contradicted
        : left > 0 ? Verdict.Unknown
        : Verdict.Confirmed;

    private RelationVerdict Judge(SceneRelation relation, int index, ObjectVerdict[] objects)
    {
        var verdict = new RelationVerdict { Relation = index, Verdict = Verdict.Unknown, Text = "one of the objects has no place" };
        if (!IsEntity(relation.Subject) || !IsEntity(relation.Object) || relation.Subject == relation.Object)
        {
            verdict.Text = "the relation names no two objects of the prompt";
            return verdict;
        }

        var (subject, other) = (objects[relation.Subject], objects[relation.Object]);
        if (subject.Boxes.Count == 0 || other.Boxes.Count == 0)
            return verdict;
        verdict.Verdict = RelationRule.Of(
            relation.Kind, RelationRule.Around(subject.Boxes), RelationRule.Around(other.Boxes), IsSame(relation.Subject, relation.Object));
        var (first, second) = (_demand.Objects[relation.Subject].Description, _demand.Objects[relation.Object].Description);
        verdict.Text = verdict.Verdict switch
        {
            Verdict.Confirmed => $"the {first} is {relation.Words} the {second}",
            Verdict.Contradicted => $"the {first} is not {relation.Words} the {second}",
            _ => $"whether the {first} is {relation.Words} the {second} is not clear",
        };
        return verdict;

        bool IsEntity(int place) => place >= 0 && place < objects.Length;
    }

    private bool IsSame(int first, int second) =>
        _demand.Objects[first].Entry.Noun == _demand.Objects[second].Entry.Noun
        && _demand.Objects[first].Entry.Attributes.SequenceEqual(_demand.Objects[second].Entry.Attributes);
}
