using LLama.Native;
using Realign.Llama.Gbnf;

namespace Realign.Llama;

/// <summary>
/// A GBNF grammar at work: picks the best token it allows and moves on. For one thread at a time. A token is accepted only after the
/// grammar itself has let it pass, because accepting any other ends the process; so does a text that is no grammar, and it is checked before.
/// </summary>
public sealed class LlamaGrammar : IDisposable
{
    private const int Shortlist = 16;

    private readonly LlamaModel _model;
    private readonly SafeLLamaSamplerChainHandle _sampler;
    private int _disposed;

    /// <summary>Parses a grammar.</summary>
    /// <param name="model">Whose tokens it chooses from.</param>
    /// <param name="gbnf">Grammar text with a rule named <c>root</c>; no NUL.</param>
    /// <exception cref="ArgumentException">The text is not a grammar.</exception>
    public LlamaGrammar(LlamaModel model, string gbnf)
    {
        if (GbnfCheck.Problem(gbnf) is { } problem)
            throw new ArgumentException($"not a grammar: {problem}", nameof(gbnf));
        _model = model;
        model.Hold();
        _sampler = SafeLLamaSamplerChainHandle.Create(new LLamaSamplerChainParams { NoPerf = true });
        _sampler.AddGrammar(model.Handle, gbnf, "root");
    }

    /// <summary>Back to the start.</summary>
    public void Reset() => _sampler.Reset();

    /// <summary>
    /// The allowed token with the highest logit, the lower id at a tie, and steps past it unless it ends the answer. Asks about the best
    /// few first and the whole vocabulary only when all of them are refused: the choice is the same.
    /// </summary>
    /// <param name="logits">One per token.</param>
    /// <returns>The token, or null when none is allowed.</returns>
    public int? Choose(ReadOnlySpan<float> logits)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(logits.Length, _model.Vocabulary.Size);
        var chosen = ChooseAmong(Best(logits)) ?? ChooseAmong(All(logits));
        if (chosen is { } token && !_model.Vocabulary.IsEndOfGeneration(token))
            _sampler.Accept(token);
        return chosen;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        _sampler.Dispose();
        _model.Release();
    }

    private int? ChooseAmong(LLamaTokenData[] candidates)
    {
        using var pinned = LLamaTokenDataArrayNative.Create(new LLamaTokenDataArray(candidates), out var native);
        _sampler.Apply(ref native);
        int? best = null;
        var bestLogit = float.NegativeInfinity;
        foreach (var candidate in native.Data)
        {
            // refused tokens have become -infinity; NaN is never chosen
            var id = (int)candidate.ID;
            if (candidate.Logit > bestLogit || (candidate.Logit == bestLogit && best > id))
            {
                best = id;
                bestLogit = candidate.Logit;
            }
        }

        return best;
    }

    private static LLamaTokenData[] Best(ReadOnlySpan<float> logits)
    {
        Span<LLamaTokenData> best = stackalloc LLamaTokenData[Shortlist];
        var count = 0;
        for (var id = 0; id < logits.Length; id++)
        {
            var logit = logits[id];
            if (count == Shortlist && !(logit > best[count - 1].Logit))
                continue;
            if (float.IsNaN(logit))
                continue;
            var at = count < Shortlist ? count++ : count - 1;
            for (; at > 0 && best[at - 1].Logit < logit; at--)
                best[at] = best[at - 1];
            best[at] = new LLamaTokenData(id, logit, 0);
        }

        return best[..count].ToArray();
    }

    private static LLamaTokenData[] All(ReadOnlySpan<float> logits)
    {
        var all = new LLamaTokenData[logits.Length];
        for (var id = 0; id < all.Length; id++)
            all[id] = new LLamaTokenData(id, float.IsNaN(logits[id]) ? float.NegativeInfinity : logits[id], 0);
        return all;
    }
}
