namespace Realign.Conformance.Runner;

/// <summary>Outcome of one case.</summary>
public sealed record ConformanceResult(
    string Suite, string Name, double WorstError, double Tolerance, string? WorstTensor, IReadOnlyList<string> Failures, TimeSpan Duration)
{
    /// <summary>Whether every comparison held.</summary>
    public bool Passed => Failures.Count == 0;
}
