using Realign.Evaluation.Arms;
using Realign.Evaluation.Prompts;

namespace Realign.Evaluation.Runs;

/// <summary>One prompt and seed, and the arms whose pictures are missing.</summary>
internal sealed record RunJob(EvaluationPrompt Prompt, ulong Seed, IReadOnlyList<Arm> Arms);
