namespace Realign.SceneScoring.Language;

/// <summary>A run of words that names something: <c>two small dogs</c>.</summary>
/// <param name="Start">Index of its first word in the prompt's words, determiner left out.</param>
/// <param name="End">Index after its last word, the head noun.</param>
/// <param name="IsExcluded">The prompt says without it.</param>
/// <param name="Predicates">Words said of it later: <c>a dog that is red</c>.</param>
internal sealed record NounPhrase(int Start, int End, bool IsExcluded, IReadOnlyList<string> Predicates);
