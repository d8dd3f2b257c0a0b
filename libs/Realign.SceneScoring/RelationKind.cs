namespace Realign.SceneScoring;

/// <summary>How one object lies to another in the image.</summary>
public enum RelationKind
{
    /// <summary>To the left of it.</summary>
    LeftOf,

    /// <summary>To the right of it.</summary>
    RightOf,

    /// <summary>Above it.</summary>
    Above,

    /// <summary>Below it.</summary>
    Below,

    /// <summary>Beside it, on whichever side.</summary>
    NextTo,
}
