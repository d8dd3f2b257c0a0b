namespace Realign.Diffusion.TextualInversion;

/// <summary>An embedding by name, and the word that stands for it.</summary>
/// <param name="Name">As <see cref="EmbeddingFolder"/> knows it.</param>
/// <param name="Token">How prompts spell it.</param>
public sealed record TextualInversionChoice(string Name, string Token);
