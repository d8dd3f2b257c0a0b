namespace Realign.SceneScoring;

/// <summary>A relation that a prompt demands between two of its objects.</summary>
/// <param name="Subject">Place of the first one among the entities, from 0.</param>
/// <param name="Kind">How it lies to the second one.</param>
/// <param name="Object">Place of the second one.</param>
/// <param name="Words">The prompt's words, e.g. <c>to the left of</c>.</param>
public sealed record SceneRelation(int Subject, RelationKind Kind, int Object, string Words);
