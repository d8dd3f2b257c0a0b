namespace Realign.World;

/// <summary>Where one object is, seen from another.</summary>
public enum Relation
{
    /// <summary>"to the left of".</summary>
    LeftOf,

    /// <summary>"to the right of".</summary>
    RightOf,

    /// <summary>"above".</summary>
    Above,

    /// <summary>"below".</summary>
    Below,

    /// <summary>"next to": on either side.</summary>
    NextTo,
}
