using Realign.Rewards.Tensors;
using static TorchSharp.torch;

namespace Realign.VisionLanguage.Generation;

/// <summary>
/// The language model of a captioner. BLIP-2: OPT, which reads the image in front of the text, or T5, which reads it in its encoder.
/// BLIP: a decoder that looks at the image in every block.
/// </summary>
internal abstract class LanguageModel : nn.Module
{
    private protected LanguageModel(string name)
        : base(name)
    {
    }

    /// <summary>Width of the vectors that stand for the image.</summary>
    public abstract int InputWidth { get; }

    /// <summary>Opens a text after an image.</summary>
    /// <param name="image">(1, Q, width) vectors of the image: projected queries, or what the vision tower gives.</param>
    /// <param name="promptIds">Ids that follow them, special tokens included.</param>
    /// <param name="maxNewTokens">Room to reserve; less if the model has fewer positions.</param>
    /// <exception cref="Core.Errors.InvalidInputException">The prompt leaves no room.</exception>
    public abstract ITokenDecoder Open(Tensor image, IReadOnlyList<int> promptIds, int maxNewTokens);

    /// <summary>Log-probability of every token of a text given the image and the tokens before it.</summary>
    /// <param name="image">(B, Q, width) vectors of the images.</param>
    /// <param name="texts">One per image.</param>
    /// <returns>(B, longest text) in nats, float32; 0 on padding. Differentiable with respect to the image.</returns>
    public abstract Tensor TokenLogProbabilities(Tensor image, IReadOnlyList<TeacherForcedText> texts);

    /// <summary>Log-probability of the tokens that follow: (B, T, V) logits, (B, T) ids and 1/0 mask -> (B, T), computed in float32.</summary>
    private protected static Tensor Gather(Tensor logits, Tensor ids, Tensor mask)
    {
        using var scope = NewDisposeScope();
        return PromptLikelihood.TokenLogProbabilities(logits, ids).mul(mask).MoveToOuterDisposeScope();
    }
}
