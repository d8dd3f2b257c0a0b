namespace Realign.Evaluation.Reports;

/// <summary>The arms on one set.</summary>
/// <param name="Name">Name of the set; "all sets" for all together.</param>
/// <param name="Prompts">Prompts with pictures.</param>
/// <param name="Arms">One per arm.</param>
internal sealed record SetReport(string Name, int Prompts, IReadOnlyList<ArmReport> Arms);
