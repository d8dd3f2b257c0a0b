using System.Globalization;
using Realign.Core.Errors;
using Realign.Core.Prompts;
using Realign.Diffusion.TextualInversion;

namespace Realign.Diffusion.Pipelines;

/// <summary>What to encode.</summary>
public sealed record PromptRequest
{
    /// <summary>One prompt per image.</summary>
    public required IReadOnlyList<string> Prompts { get; init; }

    /// <summary>What to avoid, one per image; null = nothing said, an empty text is encoded (XL: zeros, where the snapshot says so).</summary>
    public IReadOnlyList<string>? NegativePrompts { get; init; }

    /// <summary>XL: prompts of the second text tower; null = the same.</summary>
    public IReadOnlyList<string>? Prompts2 { get; init; }

    /// <summary>XL: negative prompts of the second text tower; null = the same.</summary>
    public IReadOnlyList<string>? NegativePrompts2 { get; init; }

    /// <summary>Layers to leave out at the end of the text tower, for the prompt only; null = none.</summary>
    public int? ClipSkip { get; init; }

    /// <summary>What brackets, signs and numbers of all texts mean.</summary>
    public PromptSyntax Syntax { get; init; }

    /// <summary>Contexts of the text tower that a text may fill; the rest is not read.</summary>
    public int MaxChunks { get; init; } = 1;

    /// <summary>What words of the texts stand for embeddings; null = none do.</summary>
    public PromptEmbeddings? Embeddings { get; init; }

    /// <summary>Weights of the tokens of each prompt, in place of what its text says: all of it is plain then. Null = the text says it.</summary>
    internal IReadOnlyList<IReadOnlyList<double>>? TokenWeights { get; init; }

    internal void Check(int layers, bool hasSecondTower)
    {
        if (Prompts.Count == 0)
            throw new InvalidInputException("prompt", "", "there is none", "send at least one prompt");
        CheckCount("negative_prompt", NegativePrompts);
        CheckCount("prompt_2", Prompts2);
        CheckCount("negative_prompt_2", NegativePrompts2);
        if (!hasSecondTower && (Prompts2 ?? NegativePrompts2) is not null)
        {
            throw new InvalidInputException(Prompts2 is null ? "negative_prompt_2" : "prompt_2", "a text",
                "this model has one text encoder, which reads the prompt", "leave it out");
        }

        if (MaxChunks < 1)
            throw new InvalidInputException("prompt_chunks", MaxChunks.ToString(CultureInfo.InvariantCulture), "there is no text without one", "use 1 or more");
        if (ClipSkip is { } skip && (skip < 0 || skip >= layers))
        {
            throw new InvalidInputException("clip_skip", skip.ToString(CultureInfo.InvariantCulture),
                $"the text encoder has {layers} layers", $"use 0 to {layers - 1}");
        }
    }

    private void CheckCount(string field, IReadOnlyList<string>? texts)
    {
        if (texts is not null && texts.Count != Prompts.Count)
        {
            throw new InvalidInputException(field, $"{texts.Count} texts", $"there are {Prompts.Count} prompts", "send one for each prompt, or none");
        }
    }
}
