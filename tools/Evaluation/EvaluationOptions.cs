namespace Realign.Evaluation;

/// <summary>What the command line says.</summary>
internal sealed record EvaluationOptions
{
    public required IReadOnlyList<string> Arms { get; init; }

    public required IReadOnlyList<string> Sets { get; init; }

    public required IReadOnlyList<string> PromptFiles { get; init; }

    /// <summary>Prompts of every set at most.</summary>
    public required int Limit { get; init; }

    public required IReadOnlyList<ulong> Seeds { get; init; }

    public required string Folder { get; init; }

    public required string Gateway { get; init; }

    public required int Parallel { get; init; }

    public required bool WithOracle { get; init; }

    public string? ClipFolder { get; init; }

    public required bool Shares { get; init; }

    /// <summary>The command, for the report.</summary>
    public required string Command { get; init; }
}
