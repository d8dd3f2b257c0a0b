namespace Realign.SceneScoring;

/// <summary>An object of a prompt with what describes it (CoMat).</summary>
/// <param name="Noun">Head noun in the singular.</param>
/// <param name="Attributes">Describing words in the order of the prompt, without counts.</param>
/// <param name="Count">How many; 0 = not said.</param>
public sealed record Entity(string Noun, IReadOnlyList<string> Attributes, int Count);
