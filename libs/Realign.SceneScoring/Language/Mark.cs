namespace Realign.SceneScoring.Language;

/// <summary>What stands between two words, the weakest first.</summary>
internal enum Mark
{
    /// <summary>White space alone.</summary>
    None,

    /// <summary>A bracket or an emphasis sign: it closes nothing between an adjective and its noun.</summary>
    Bracket,

    /// <summary>A comma or slash, as in a list.</summary>
    Comma,

    /// <summary>The end of a sentence or clause.</summary>
    Stop,
}
