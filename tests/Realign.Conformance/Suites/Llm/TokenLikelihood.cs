using Realign.Llama;

namespace Realign.Conformance.Suites.Llm;

/// <summary>What the pack asks of a model and the product does not: logits after every token, and how likely given texts are.</summary>
internal static class TokenLikelihood
{
    /// <summary>Logits after the last token.</summary>
    public static float[] Logits(LlamaContext context, ReadOnlySpan<int> tokens)
    {
        var logits = new float[context.Model.Vocabulary.Size];
        context.Append(tokens, logits, CancellationToken.None);
        return logits;
    }

    /// <summary>Logits after each token, [tokens, vocabulary]; the context is cleared first.</summary>
    public static float[] AllLogits(LlamaContext context, ReadOnlySpan<int> tokens)
    {
        context.Clear();
        var size = context.Model.Vocabulary.Size;
        var logits = new float[tokens.Length * size];
        for (var index = 0; index < tokens.Length; index++)
            context.Append(tokens.Slice(index, 1), logits.AsSpan(index * size, size), CancellationToken.None);
        return logits;
    }

    /// <summary>Natural logarithm of the probability of each token but the first, given those before it.</summary>
    public static double[] LogProbabilities(LlamaContext context, ReadOnlySpan<int> tokens)
    {
        var size = context.Model.Vocabulary.Size;
        var logits = AllLogits(context, tokens[..^1]);
        var result = new double[tokens.Length - 1];
        for (var index = 0; index < result.Length; index++)
            result[index] = LogSoftmax(logits.AsSpan(index * size, size), tokens[index + 1]);
        return result;
    }

    /// <summary>Ids of a text that continues another: SentencePiece puts a blank before a text, but not behind a line feed.</summary>
    public static int[] Continuation(LlamaVocabulary vocabulary, string text)
    {
        var prefix = vocabulary.Tokenize("\n", addSpecial: false, parseSpecial: false);
        var whole = vocabulary.Tokenize("\n" + text, addSpecial: false, parseSpecial: false);
        // byte-level BPE puts none anywhere, and may join the line feed with the text
        return prefix.Length > 1 && whole.AsSpan().StartsWith(prefix) ? whole[prefix.Length..] : vocabulary.Tokenize(text, addSpecial: false,
            parseSpecial: false);
    }

    private static double LogSoftmax(ReadOnlySpan<float> logits, int index)
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
