namespace Realign.VisionLanguage.Generation;

/// <summary>A text that was found.</summary>
/// <param name="Ids">New ids, the end token included if it came.</param>
/// <param name="Score">What the search ranked by: for beams the penalized sum over length^penalty, for greedy search the mean log-probability.</param>
/// <param name="MeanLogProbability">Mean over the new tokens of the model's own log-probability, penalties left out; nats.</param>
/// <param name="EndedWithEndToken">False when the room ran out.</param>
internal sealed record GeneratedText(IReadOnlyList<int> Ids, double Score, double MeanLogProbability, bool EndedWithEndToken);
