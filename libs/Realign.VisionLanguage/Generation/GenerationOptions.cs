namespace Realign.VisionLanguage.Generation;

/// <summary>How a text is searched for.</summary>
public sealed record GenerationOptions
{
    /// <summary>New tokens at most, at least 1.</summary>
    public int MaxNewTokens { get; init; } = 30;

    /// <summary>New tokens before the end token may come. Only the golden pack asks for it, as for the two below.</summary>
    internal int MinNewTokens { get; init; }

    /// <summary>1 = greedy, more = beam search.</summary>
    public int NumBeams { get; init; } = 1;

    /// <summary>Exponent on the length that a beam's score is divided by.</summary>
    public double LengthPenalty { get; init; } = 1;

    /// <summary>Above 1 makes tokens that were used before less likely; 1 = off.</summary>
    public double RepetitionPenalty { get; init; } = 1;

    /// <summary>Ids that the repetition penalty counts from the start; null = those of the prompt the decoder was opened with.</summary>
    internal IReadOnlyList<int>? PenalizedIds { get; init; }

    /// <summary>Texts to return, best first; at most <see cref="NumBeams"/>.</summary>
    internal int NumReturnSequences { get; init; } = 1;
}
