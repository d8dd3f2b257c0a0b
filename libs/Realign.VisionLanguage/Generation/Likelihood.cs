using static TorchSharp.torch;

namespace Realign.VisionLanguage.Generation;

/// <summary>Token log-probabilities to scores of whole texts. Means are taken per text, never over a batch (algorithms 1.5).</summary>
public static class Likelihood
{
    /// <summary>Sum over the scored tokens of each text: (B, T) -> (B), nats.</summary>
    public static Tensor Sum(Tensor tokenLogProbabilities, IReadOnlyList<TeacherForcedText> texts)
    {
        using var scope = NewDisposeScope();
        return tokenLogProbabilities.mul(Weights(tokenLogProbabilities, texts, static _ => 1f)).sum(1).MoveToOuterDisposeScope();
    }

    /// <summary>Mean over the scored tokens of each text: (B, T) -> (B), nats per token.</summary>
    public static Tensor Mean(Tensor tokenLogProbabilities, IReadOnlyList<TeacherForcedText> texts)
    {
        using var scope = NewDisposeScope();
        return tokenLogProbabilities.mul(Weights(tokenLogProbabilities, texts, static text => 1f / text.ScoredCount)).sum(1).MoveToOuterDisposeScope();
    }

    private static Tensor Weights(Tensor values, IReadOnlyList<TeacherForcedText> texts, Func<TeacherForcedText, float> weight)
    {
        var (rows, columns) = ((int)values.shape[0], (int)values.shape[1]);
        var weights = new float[rows * columns];
        for (var row = 0; row < rows; row++)
            weights.AsSpan((row * columns) + texts[row].FirstScored, texts[row].ScoredCount).Fill(weight(texts[row]));
        return tensor(weights, [rows, columns], device: values.device);
    }
}
