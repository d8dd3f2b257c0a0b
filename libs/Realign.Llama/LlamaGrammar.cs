using Realign.Llama.Native;

namespace Realign.Llama;

/// <summary>
/// A GBNF grammar at work: picks the best token it allows and moves on. For one thread at a time. A token is accepted only after the
/// grammar itself has let it pass, because accepting any other ends the process.
/// </summary>
public sealed unsafe class LlamaGrammar : IDisposable
{
    private const int Shortlist = 16;

    private readonly LlamaModel _model;
    private readonly SamplerHandle _handle;

    /// <summary>Parses a grammar.</summary>
    /// <param name="model">Whose tokens it chooses from.</param>
    /// <param name="gbnf">Grammar text with a rule named <c>root</c>; no NUL.</param>
    /// <exception cref="ArgumentException">The text is not a grammar.</exception>
    public LlamaGrammar(LlamaModel model, string gbnf)
    {
        if (gbnf.Contains('\0', StringComparison.Ordinal))
            throw new ArgumentException("a grammar has no NUL", nameof(gbnf));
        // the library takes an empty text for "anything goes"
        if (string.IsNullOrWhiteSpace(gbnf))
            throw new ArgumentException("a grammar has a root rule", nameof(gbnf));
        _model = model;
        _ = NativeLog.TakeErrors();
        _handle = NativeMethods.GrammarCreate(model.Vocabulary.Pointer, gbnf, "root");
        if (_handle.IsInvalid)
        {
            _handle.Dispose();
            throw new ArgumentException($"not a grammar: {string.Join("; ", NativeLog.TakeErrors())}", nameof(gbnf));
        }

        _handle.KeepAlive(model.Handle);
    }

    /// <summary>Back to the start.</summary>
    public void Reset() => NativeMethods.SamplerReset(_handle);

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
            NativeMethods.SamplerAccept(_handle, token);
        return chosen;
    }

    /// <inheritdoc/>
    public void Dispose() => _handle.Dispose();

    private int? ChooseAmong(LlamaTokenData[] candidates)
    {
        fixed (LlamaTokenData* data = candidates)
        {
            var array = new LlamaTokenDataArray { Data = data, Size = (nuint)candidates.Length, Selected = -1 };
            NativeMethods.SamplerApply(_handle, &array);
            int? best = null;
            var bestLogit = float.NegativeInfinity;
            foreach (var candidate in new ReadOnlySpan<LlamaTokenData>(array.Data, (int)array.Size))
            {
                // refused tokens have become -infinity; NaN is never chosen
                if (candidate.Logit > bestLogit || (candidate.Logit == bestLogit && best > candidate.Id))
                {
                    best = candidate.Id;
                    bestLogit = candidate.Logit;
                }
            }

            return best;
        }
    }

    private static LlamaTokenData[] Best(ReadOnlySpan<float> logits)
    {
        Span<LlamaTokenData> best = stackalloc LlamaTokenData[Shortlist];
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
            best[at] = new LlamaTokenData { Id = id, Logit = logit };
        }

        return best[..count].ToArray();
    }

    private static LlamaTokenData[] All(ReadOnlySpan<float> logits)
    {
        var all = new LlamaTokenData[logits.Length];
        for (var id = 0; id < all.Length; id++)
            all[id] = new LlamaTokenData { Id = id, Logit = float.IsNaN(logits[id]) ? float.NegativeInfinity : logits[id] };
        return all;
    }
}
