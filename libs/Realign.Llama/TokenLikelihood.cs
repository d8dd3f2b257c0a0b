namespace Realign.Llama;

/// <summary>How likely a model finds given texts.</summary>
public static class TokenLikelihood
{
    /// <summary>Natural logarithm of the probability of each token but the first, given those before it.</summary>
    /// <param name="context">Cleared first.</param>
    /// <param name="tokens">At least two tokens that fit.</param>
    /// <param name="cancellationToken">Stops inside the computation.</param>
    /// <returns>One value per token after the first.</returns>
    public static double[] LogProbabilities(LlamaContext context, ReadOnlySpan<int> tokens, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(tokens.Length, 2, nameof(tokens));
        context.Clear();
        var size = context.Model.Vocabulary.Size;
        var logits = context.AppendAll(tokens[..^1], cancellationToken);
        var result = new double[tokens.Length - 1];
        for (var i = 0; i < result.Length; i++)
            result[i] = LogSoftmax(logits.AsSpan(i * size, size), tokens[i + 1]);
        return result;
    }

    /// <summary>Logarithm of the softmax at one index, in double precision.</summary>
    public static double LogSoftmax(ReadOnlySpan<float> logits, int index)
    {
        double max = float.NegativeInfinity;
        foreach (var logit in logits)
            max = Math.Max(max, logit);
        double sum = 0;
        foreach (var logit in logits)
            sum += Math.Exp(logit - max);
        return logits[index] - max - Math.Log(sum);
    }
}
