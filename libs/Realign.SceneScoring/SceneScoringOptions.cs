using Realign.Llama.Chat;

namespace Realign.SceneScoring;

/// <summary>How a scorer works.</summary>
public sealed record SceneScoringOptions
{
    /// <summary>Tokens of context; capped at what the model was trained with.</summary>
    public int ContextSize { get; init; } = 4096;

    /// <summary>Threads; 0 = one for a model below 64 MiB, all cores for a larger one.</summary>
    public int Threads { get; init; }

    /// <summary>Most tags asked about at once; more are asked in several turns.</summary>
    public int MaxTagsPerTurn { get; init; } = 12;

    /// <summary>Chat format of the model; null = the one its file names. Files of 2023 name none.</summary>
    public ChatFamily? ChatFormat { get; init; }

    /// <summary>Whether all layers run on the GPU; refused where llama.cpp's libraries have no GPU back end.</summary>
    public bool UseGpu { get; init; }
}
