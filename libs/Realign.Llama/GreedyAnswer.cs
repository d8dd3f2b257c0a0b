namespace Realign.Llama;

/// <summary>What a model answered.</summary>
/// <param name="Tokens">All tokens made, the end token included.</param>
/// <param name="Text">Their text without the end token; bytes that are not UTF-8 are replaced.</param>
/// <param name="End">Why it ended.</param>
public sealed record GreedyAnswer(IReadOnlyList<int> Tokens, string Text, AnswerEnd End);
