using Realign.World;

namespace Realign.Evaluation.Prompts;

/// <summary>One prompt of a set.</summary>
/// <param name="Set">Name of the set.</param>
/// <param name="Index">Its place in the set, from 0.</param>
/// <param name="Text">The prompt.</param>
/// <param name="Demand">What a picture of it must show; null where no oracle judges.</param>
internal sealed record EvaluationPrompt(string Set, int Index, string Text, Demand? Demand);
