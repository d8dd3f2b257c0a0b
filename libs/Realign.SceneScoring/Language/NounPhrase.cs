namespace Realign.SceneScoring.Language;

/// <summary>A run of words that names something: <c>two small dogs</c>, <c>a black and white cat</c>.</summary>
/// <param name="Start">Index of its first word in the prompt's words, article left out, count included.</param>
/// <param name="End">Index after its last word.</param>
/// <param name="Head">Index of the head noun: the last word, or one of a later phrase (<c>a red and a blue car</c>).</param>
/// <param name="Opener">The article, pronoun or number that opens it; empty when none does.</param>
/// <param name="IsExcluded">The prompt says without it.</param>
/// <param name="Predicates">Words said of it later: <c>a dog that is red</c>, <c>a dog, red, shiny</c>.</param>
internal sealed record NounPhrase(int Start, int End, int Head, string Opener, bool IsExcluded, IReadOnlyList<string> Predicates);
