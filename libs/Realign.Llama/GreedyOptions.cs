namespace Realign.Llama;

/// <summary>How to decode.</summary>
public sealed record GreedyOptions
{
    /// <summary>Most tokens to make, the end token included. At least 1.</summary>
    public required int MaxTokens { get; init; }

    /// <summary>Only texts of this language; reset before use. The caller disposes it.</summary>
    public LlamaGrammar? Grammar { get; init; }

    /// <summary>Stop at the first token that ends an answer.</summary>
    public bool StopAtEnd { get; init; } = true;
}
