namespace Realign.Diffusion.TextualInversion;

/// <summary>An embedding under the word of a call.</summary>
/// <param name="Field">What of the call brought it, for errors.</param>
/// <param name="Token">How prompts spell it.</param>
/// <param name="Embedding">Its vectors.</param>
public sealed record PromptEmbedding(string Field, string Token, TextualEmbedding Embedding)
{
    /// <summary>Whether an adapter brought it, which was trained with its word: that may be one of the model's.</summary>
    public bool IsBundled { get; init; }
}
