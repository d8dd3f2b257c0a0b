using System.Text;

namespace Realign.Llama;

/// <summary>Greedy decoding: the most likely token at each step, among those a grammar allows if there is one.</summary>
public static class GreedyDecoder
{
    /// <summary>Continues a prompt.</summary>
    /// <param name="context">Holds everything before <paramref name="prompt"/>; holds the answer afterwards.</param>
    /// <param name="prompt">At least one token.</param>
    /// <param name="options">When to stop, and the grammar.</param>
    /// <param name="cancellationToken">Checked between tokens and inside each computation.</param>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static GreedyAnswer Decode(LlamaContext context, ReadOnlySpan<int> prompt, GreedyOptions options, CancellationToken cancellationToken)
    {
        var vocabulary = context.Model.Vocabulary;
        var tokens = new List<int>();
        var logits = new float[vocabulary.Size];
        context.Append(prompt, logits, cancellationToken);
        options.Grammar?.Reset();
        Span<int> next = stackalloc int[1];
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var chosen = options.Grammar is { } grammar ? grammar.Choose(logits) : Best(logits);
            if (chosen is not { } token)
                return Answer(AnswerEnd.Stuck);
            tokens.Add(token);
            if (options.StopAtEnd && vocabulary.IsEndOfGeneration(token))
                return Answer(AnswerEnd.Complete);
            if (tokens.Count >= options.MaxTokens || context.Position >= context.Capacity)
                return Answer(AnswerEnd.Limit);
            next[0] = token;
            context.Append(next, logits, cancellationToken);
        }

        GreedyAnswer Answer(AnswerEnd end)
        {
            var text = end == AnswerEnd.Complete ? tokens[..^1] : tokens;
            return new GreedyAnswer(tokens, Encoding.UTF8.GetString(vocabulary.Detokenize(text.ToArray())), end);
        }
    }

    /// <summary>Index of the largest value, the first at a tie; null when none is a number.</summary>
    public static int? Best(ReadOnlySpan<float> logits)
    {
        int? best = null;
        for (var id = 0; id < logits.Length; id++)
        {
            if (!float.IsNaN(logits[id]) && (best is null || logits[id] > logits[best.Value]))
                best = id;
        }

        return best;
    }
}
