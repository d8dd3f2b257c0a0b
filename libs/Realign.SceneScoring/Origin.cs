namespace Realign.SceneScoring;

/// <summary>Who answered.</summary>
public enum Origin
{
    /// <summary>The language model; its phrase may have been corrected.</summary>
    Model,

    /// <summary>The rule.</summary>
    Rule,
}
