namespace Realign.SceneScoring;

/// <summary>Where an entry comes from.</summary>
public enum EntrySource
{
    /// <summary>A tag of the request.</summary>
    Tag,

    /// <summary>An object that the prompt names and no tag covers.</summary>
    Missing,
}
