using Realign.World;

namespace Realign.Metrics.Oracle;

/// <summary>What became of one demanded object; "two red cars" is one, with two to find.</summary>
/// <param name="Demanded">What the prompt demands.</param>
/// <param name="Seen">Objects of that class that were found for it, at most as many as demanded, those of its color first.</param>
/// <param name="Found">How many of the class the picture has that no other demand took; more than demanded makes the count wrong.</param>
/// <param name="Bound">How many of <paramref name="Seen"/> have the demanded color; all, where no color is demanded.</param>
public sealed record ObjectJudgement(DemandedObject Demanded, IReadOnlyList<SeenObject> Seen, int Found, int Bound)
{
    /// <summary>As many as demanded are there, of whatever color.</summary>
    public bool IsPresent => Seen.Count == Demanded.Count;

    /// <summary>As many as demanded are there, each in the demanded color.</summary>
    public bool IsBound => Bound == Demanded.Count;

    /// <summary>Exactly as many as demanded are there.</summary>
    public bool IsCounted => Found == Demanded.Count;
}
