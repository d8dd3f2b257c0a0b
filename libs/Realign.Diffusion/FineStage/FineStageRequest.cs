namespace Realign.Diffusion.FineStage;

/// <summary>The fine stage of a request.</summary>
public sealed record FineStageRequest
{
    /// <summary>What may appear where; overlaps go to the larger score, then to the smaller mask.</summary>
    public required IReadOnlyList<PhraseRegion> Regions { get; init; }

    /// <summary>Strength and form.</summary>
    public ModulationOptions Options { get; init; } = new();

    /// <summary>Replace the states of a phrase's tokens by those of the phrase encoded alone.</summary>
    public bool ReplaceEmbeddings { get; init; } = true;

    /// <summary>Push phrases of score 0 out of the picture instead of ignoring them.</summary>
    public bool SuppressZeroScores { get; init; }

    /// <summary>Add phrases to the prompt that do not occur in it.</summary>
    public bool ExtendPrompt { get; init; } = true;
}
