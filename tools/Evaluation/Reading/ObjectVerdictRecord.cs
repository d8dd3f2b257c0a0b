using Realign.V1;

namespace Realign.Evaluation.Reading;

/// <summary>What the Gateway said of one demanded object.</summary>
/// <param name="Noun">Its noun.</param>
/// <param name="Attributes">What the prompt says of it.</param>
/// <param name="Verdict">The verdict.</param>
internal sealed record ObjectVerdictRecord(string Noun, IReadOnlyList<string> Attributes, Verdict Verdict);
