using Realign.Rewards.Tensors;
using static TorchSharp.torch;

namespace Realign.VisionLanguage.Generation;

/// <summary>Token log-probabilities of padded texts to scores of whole texts.</summary>
internal static class Likelihood
{
    /// <summary>Sum over the scored tokens of each text: (B, T) -> (B), nats.</summary>
    public static Tensor Sum(Tensor tokenLogProbabilities, IReadOnlyList<TeacherForcedText> texts)
    {
        using var scope = NewDisposeScope();
        return PromptLikelihood.Sum(tokenLogProbabilities, Mask(tokenLogProbabilities, texts)).MoveToOuterDisposeScope();
    }

    /// <summary>Mean over the scored tokens of each text: (B, T) -> (B), nats per token.</summary>
    public static Tensor Mean(Tensor tokenLogProbabilities, IReadOnlyList<TeacherForcedText> texts)
    {
        using var scope = NewDisposeScope();
        return PromptLikelihood.Mean(tokenLogProbabilities, Mask(tokenLogProbabilities, texts)).MoveToOuterDisposeScope();
    }

    private static Tensor Mask(Tensor values, IReadOnlyList<TeacherForcedText> texts)
    {
        var (rows, columns) = ((int)values.shape[0], (int)values.shape[1]);
        var mask = new float[rows * columns];
        for (var row = 0; row < rows; row++)
            mask.AsSpan((row * columns) + texts[row].FirstScored, texts[row].ScoredCount).Fill(1);
        return tensor(mask, [rows, columns], device: values.device);
    }
}
