namespace Realign.SceneScoring;

/// <summary>An object of a prompt and who found it.</summary>
/// <param name="Entity">The object.</param>
/// <param name="Phrase">The object as the prompt demands it, e.g. <c>red car</c>, at most 12 words.</param>
/// <param name="Origin">The model, or the rule when the model left it out.</param>
public sealed record FoundEntity(Entity Entity, string Phrase, Origin Origin);
