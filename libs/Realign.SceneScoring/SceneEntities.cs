namespace Realign.SceneScoring;

/// <summary>The answer to an entity request.</summary>
/// <param name="Entities">In the order of the prompt.</param>
/// <param name="Relations">Between entities, in the order of the prompt, by the rule alone.</param>
/// <param name="IsFromModel">False when the rule alone answered: an answer of which nothing stands in the prompt is no answer.</param>
public sealed record SceneEntities(IReadOnlyList<FoundEntity> Entities, IReadOnlyList<SceneRelation> Relations, bool IsFromModel);
