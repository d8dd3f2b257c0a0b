using static TorchSharp.torch;

namespace Realign.Diffusion.Pipelines;

/// <summary>One prompt as the model sees it.</summary>
/// <param name="Text">The prompt that was encoded.</param>
/// <param name="Tokens">Its ids in whole contexts, and the part that did not fit.</param>
public sealed record EncodedPrompt(string Text, PromptTokens Tokens);

/// <summary>Encoded prompts. The caller's dispose scope owns the tensors.</summary>
/// <param name="Prompts">One per image.</param>
/// <param name="Positive">Text states (B, T, D).</param>
/// <param name="Negative">Text states of the negative prompts (B, T, D); null without guidance.</param>
/// <param name="PooledPositive">XL: pooled text (B, P).</param>
/// <param name="PooledNegative">XL: pooled text of the negative prompts (B, P); null without guidance.</param>
public sealed record TextConditions(
    IReadOnlyList<EncodedPrompt> Prompts, Tensor Positive, Tensor? Negative, Tensor? PooledPositive = null, Tensor? PooledNegative = null);
