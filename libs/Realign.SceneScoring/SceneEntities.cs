namespace Realign.SceneScoring;

/// <summary>The answer to an entity request.</summary>
/// <param name="Entities">In the order of the prompt.</param>
/// <param name="IsFromModel">False when the rule alone answered.</param>
public sealed record SceneEntities(IReadOnlyList<FoundEntity> Entities, bool IsFromModel);
