namespace Realign.Conformance.Runner;

/// <summary>One line of the report.</summary>
/// <param name="Name">Unique within its suite, taken from the pack.</param>
/// <param name="Run">Computes and compares; throws or records a mismatch when it fails.</param>
public sealed record ConformanceCase(string Name, Action<CaseContext> Run);
