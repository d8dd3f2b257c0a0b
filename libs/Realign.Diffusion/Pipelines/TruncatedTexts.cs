namespace Realign.Diffusion.Pipelines;

/// <summary>What was not read of each text because it did not fit; empty = all was.</summary>
/// <param name="Prompt">Of the prompt.</param>
/// <param name="NegativePrompt">Of the negative prompt.</param>
/// <param name="Prompt2">XL: of the prompt in the second text tower.</param>
/// <param name="NegativePrompt2">XL: of the negative prompt in the second text tower.</param>
public sealed record TruncatedTexts(string Prompt, string NegativePrompt, string Prompt2, string NegativePrompt2);
