using Realign.Core.Errors;
using Realign.Tokenizers;
using Realign.VisionLanguage.Blip2;
using Realign.VisionLanguage.Generation;
using static TorchSharp.torch;

namespace Realign.VisionLanguage.Rewards;

/// <summary>
/// Mean log-likelihood per token of a prompt given an image (surrogate A, algorithms 1.7 "ours"). OPT: <c>&lt;/s&gt;</c> is context and
/// never scored, the newline that ends a caption is scored when it fits. T5: the encoder reads only <c>&lt;/s&gt;</c> after the image,
/// the text and its <c>&lt;/s&gt;</c> are scored.
/// </summary>
/// <param name="model">The captioner.</param>
/// <param name="tokenizer">Its tokenizer.</param>
/// <param name="maxTokens">Longest text; the rest is cut as the original code does.</param>
public sealed class PromptLikelihood(Blip2ForConditionalGeneration model, ITextTokenizer tokenizer, int maxTokens = PromptLikelihood.DefaultMaxTokens)
{
    /// <summary>Longest text of the original code.</summary>
    public const int DefaultMaxTokens = 32;

    /// <summary>Ids of a prompt and which of them are scored.</summary>
    /// <exception cref="InvalidInputException">Nothing of it is left to score.</exception>
    public TeacherForcedText Prepare(string prompt)
    {
        var (ids, promptIds, first) = model.Config.T5 is { } t5
            ? (tokenizer.Encode(prompt), (IReadOnlyList<int>)[t5.EosTokenId], 0)
            : (tokenizer.Encode(prompt + "\n"), [], 1);
        var text = new TeacherForcedText(promptIds, ids.Length <= maxTokens ? ids : ids[..maxTokens], first);
        return text.ScoredCount > 0
            ? text
            : throw new InvalidInputException("prompt", "no token", "nothing is left of it after tokenising", "use words");
    }

    /// <summary>(B, 3, S, S) normalised pixels and B prepared prompts -> (B) nats per token, at most 0; differentiable.</summary>
    public Tensor Score(Tensor pixelValues, IReadOnlyList<TeacherForcedText> texts)
    {
        using var scope = NewDisposeScope();
        return Likelihood.Mean(model.TokenLogProbabilities(pixelValues, texts), texts).MoveToOuterDisposeScope();
    }
}
