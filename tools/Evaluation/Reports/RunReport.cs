using Realign.Evaluation.Runs;

namespace Realign.Evaluation.Reports;

/// <summary>All figures of a run.</summary>
internal sealed record RunReport
{
    /// <summary>What it is of.</summary>
    public required RunConfiguration Run { get; init; }

    /// <summary>The command that repeats it.</summary>
    public required string Command { get; init; }

    /// <summary>Pictures that are there, and that shall be.</summary>
    public required int Pictures { get; init; }

    /// <inheritdoc cref="Pictures"/>
    public required int PicturesPlanned { get; init; }

    /// <summary>Who judged: the oracle, and the models by name.</summary>
    public required IReadOnlyList<string> Judges { get; init; }

    /// <summary>The arm that the others are compared with.</summary>
    public required string Base { get; init; }

    /// <summary>One per set, and all together where there are several.</summary>
    public required IReadOnlyList<SetReport> Sets { get; init; }

    /// <summary>The readers against the oracle; empty without it.</summary>
    public required IReadOnlyList<ReaderQuality> Readers { get; init; }

    /// <summary>What could not be computed, and why.</summary>
    public required IReadOnlyList<string> Notes { get; init; }
}
