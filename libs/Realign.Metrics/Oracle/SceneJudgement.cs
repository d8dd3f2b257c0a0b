using Realign.World;

namespace Realign.Metrics.Oracle;

/// <summary>How a picture does by what its prompt demands.</summary>
/// <param name="Objects">The demanded objects, in the prompt's order.</param>
/// <param name="Relations">The demanded relations and whether each holds; one whose objects are not all there does not.</param>
/// <param name="Extra">Seen objects that nothing demands.</param>
public sealed record SceneJudgement(IReadOnlyList<ObjectJudgement> Objects, IReadOnlyList<(SceneRelation Relation, bool Holds)> Relations, int Extra)
{
    /// <summary>Share of the demanded objects that are there, 0..1, each of a count for itself.</summary>
    public double ObjectShare => Objects.Sum(item => item.Seen.Count) / (double)Objects.Sum(item => item.Demanded.Count);

    /// <summary>Share of the demanded objects that are there in their color, 0..1.</summary>
    public double BoundShare => Objects.Sum(item => item.Bound) / (double)Objects.Sum(item => item.Demanded.Count);

    /// <summary>Every demanded object is there, of whatever color.</summary>
    public bool AllPresent => Objects.All(item => item.IsPresent);

    /// <summary>Every demanded object is there in its color: what "right" means.</summary>
    public bool AllBound => Objects.All(item => item.IsBound);

    /// <summary>Of every class exactly as many as demanded are there.</summary>
    public bool AllCounted => Objects.All(item => item.IsCounted);

    /// <summary>Every demanded relation holds; null where the prompt demands none.</summary>
    public bool? RelationHolds => Relations.Count == 0 ? null : Relations.All(item => item.Holds);
}
