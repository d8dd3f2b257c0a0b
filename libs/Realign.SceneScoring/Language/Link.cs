namespace Realign.SceneScoring.Language;

/// <summary>How a run of words follows what stands before it.</summary>
internal enum Link
{
    /// <summary>By a verb, a preposition, a sentence's end, or as the first one.</summary>
    Other,

    /// <summary>By "and", "or" or "but".</summary>
    And,

    /// <summary>By a comma.</summary>
    Comma,

    /// <summary>By brackets alone.</summary>
    Bracket,

    /// <summary>By "in", as clothes and colors do.</summary>
    In,
}
