namespace Realign.SceneScoring.Language;

/// <summary>A relation between two objects of a prompt.</summary>
/// <param name="Subject">The first one.</param>
/// <param name="Kind">How it lies to the second one.</param>
/// <param name="Object">The second one.</param>
/// <param name="Words">The prompt's words.</param>
internal sealed record ObjectRelation(PromptObject Subject, RelationKind Kind, PromptObject Object, string Words);
