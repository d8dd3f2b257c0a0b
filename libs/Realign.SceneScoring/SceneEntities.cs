namespace Realign.SceneScoring;

/// <summary>The answer to an entity request.</summary>
/// <param name="Entities">In the order of the prompt.</param>
/// <param name="IsFromModel">False when the rule answered.</param>
public sealed record SceneEntities(IReadOnlyList<Entity> Entities, bool IsFromModel);
