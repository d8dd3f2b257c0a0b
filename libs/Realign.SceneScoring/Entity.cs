namespace Realign.SceneScoring;

/// <summary>An object of a prompt with what describes it (CoMat): "a red car and a blue car" has two.</summary>
/// <param name="Noun">Head noun in the singular, as the prompt writes it.</param>
/// <param name="Attributes">Describing words in the order of the prompt, without counts.</param>
/// <param name="Count">How many; 0 = not said.</param>
/// <param name="Instance">Which of the prompt's objects with this noun, from 1.</param>
/// <param name="IsPlural">Whether the noun stands in the plural.</param>
public sealed record Entity(string Noun, IReadOnlyList<string> Attributes, int Count, int Instance, bool IsPlural);
