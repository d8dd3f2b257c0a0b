using Realign.Diffusion.Checkpoints;

namespace Realign.Diffusion.Adapters;

/// <summary>What an adapter file says of itself in its header.</summary>
public sealed record AdapterSummary
{
    /// <summary>As requests name it.</summary>
    public required string Name { get; init; }

    /// <summary>Size of the file; 0 when it cannot be read.</summary>
    public long Bytes { get; init; }

    /// <summary>Family of the models it is for; null when it does not tell.</summary>
    public CheckpointFamily? Family { get; init; }

    /// <summary>How it says what changes, in the order of the enum.</summary>
    public IReadOnlyList<AdapterKind> Kinds { get; init; } = [];

    /// <summary>Its ranks, ascending; none where nothing has a rank.</summary>
    public IReadOnlyList<long> Ranks { get; init; } = [];

    /// <summary>Models that it changes: <c>unet</c>, <c>text_encoder</c>, <c>text_encoder_2</c>.</summary>
    public IReadOnlyList<string> Components { get; init; } = [];

    /// <summary>How many layers it changes.</summary>
    public int Layers { get; init; }

    /// <summary>Title or output name from its metadata; empty when there is none.</summary>
    public string Title { get; init; } = "";

    /// <summary>Trigger phrase of its metadata, else the tags it was trained with, the most frequent first.</summary>
    public IReadOnlyList<string> TriggerWords { get; init; } = [];

    /// <summary>Names of the textual inversions inside it.</summary>
    public IReadOnlyList<string> Embeddings { get; init; } = [];

    /// <summary>Why it cannot be used; null = it can, as far as its header tells.</summary>
    public string? Problem { get; init; }
}
