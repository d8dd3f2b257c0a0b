using Realign.Clip.Text;
using Realign.Core.Prompts;
using Realign.Torch;
using static TorchSharp.torch;

namespace Realign.Diffusion.Pipelines;

/// <summary>States of a text tower for prompts in chunks, with the weights of their tokens.</summary>
/// <param name="tower">Tokens to states.</param>
/// <param name="select">Which of its states the denoiser reads (B, T, D).</param>
/// <param name="request">Whose weights they are, and whose embeddings.</param>
internal sealed class WeightedStates(TextTower tower, Func<CLIPTextOutput, Tensor> select, PromptRequest request)
{
    // compel: an infinite share is none that can be computed with
    private const double LeastWeight = 1e-5;

    /// <summary>States side by side (B, chunks * T, D), and the pooled text of the first chunk (B, W). The caller's dispose scope owns them.</summary>
    /// <param name="prompts">Each of at most this many chunks; shorter ones go on with empty chunks.</param>
    /// <param name="chunks">At least 1.</param>
    public (Tensor States, Tensor Pooled) Encode(IReadOnlyList<PromptTokens> prompts, int chunks)
    {
        using var scope = NewDisposeScope();
        var padded = prompts.Select(prompt => Filled(prompt, chunks)).ToList();
        var output = tower.Run([.. padded.Select(prompt => prompt.Ids)], embeddings: request.Embeddings);
        var states = select(output);
        if (padded.Exists(prompt => prompt.IsWeighted))
            states = request.Syntax == PromptSyntax.Compel ? Blended(padded, states, chunks) : Emphasized(padded, states);
        var pooled = output.PooledOutput.view(prompts.Count, chunks, -1).select(1, 0);
        return (SideBySide(states, prompts.Count).MoveToOuterDisposeScope(), pooled.MoveToOuterDisposeScope());
    }

    // stable-diffusion-webui: each chunk keeps its mean
    private Tensor Emphasized(List<PromptTokens> prompts, Tensor states)
    {
        var weights = Weights(prompts, states);
        var weighted = states.mul(weights);
        var restored = weighted.mul(states.mean([1, 2], keepdim: true).div(weighted.mean([1, 2], keepdim: true)));
        // a chunk without weights is left as it is, to the last bit
        return where(weights.eq(Scalars.Of(1)).all(1, keepdim: true), states, restored);
    }

    // compel: away from the empty prompt, or where a weight is below 1 towards the prompt without these words
    private Tensor Blended(List<PromptTokens> prompts, Tensor states, int chunks)
    {
        var empty = select(tower.Run([Empty().Ids]));
        var rows = new List<Tensor>();
        for (var i = 0; i < prompts.Count; i++)
        {
            var prompt = prompts[i];
            var weights = Weights([prompt], states);
            Tensor Scaled(Tensor own) => where(weights.eq(Scalars.Of(1)), own, empty.add(own.sub(empty).mul(weights)));
            var sum = Scaled(states.narrow(0, i * chunks, chunks));
            var shares = 1.0;
            foreach (var (columns, weight) in Below(prompt))
            {
                var mask = ones(chunks * tower.ContextLength, dtype: ScalarType.Int64);
                foreach (var column in columns)
                    mask[column] = 0;
                var without = Scaled(select(tower.Run([prompt.Ids], mask.view(chunks, tower.ContextLength), request.Embeddings)));
                var share = Math.Tan((1 - Math.Max(LeastWeight, weight)) * Math.PI / 2);
                sum = sum.add(without.mul(Scalars.Of(share)));
                shares += share;
            }

            rows.Add(sum.div(Scalars.Of(shares)));
        }

        return cat(rows, 0);
    }

    // neighbors of one weight are one fragment
    private static IEnumerable<(IReadOnlyList<int> Columns, double Weight)> Below(PromptTokens prompt)
    {
        var run = new List<int>();
        foreach (var column in prompt.Columns)
        {
            if (run.Count > 0 && !prompt.Weights[column].Equals(prompt.Weights[run[0]]))
            {
                if (prompt.Weights[run[0]] < 1)
                    yield return (run, prompt.Weights[run[0]]);
                run = [];
            }

            run.Add(column);
        }

        if (run.Count > 0 && prompt.Weights[run[0]] < 1)
            yield return (run, prompt.Weights[run[0]]);
    }

    private Tensor Weights(IReadOnlyList<PromptTokens> prompts, Tensor states) =>
        tensor([.. prompts.SelectMany(prompt => prompt.Weights).Select(weight => (float)weight)], device: states.device)
            .view(-1, tower.ContextLength, 1).to(states.dtype);

    private PromptTokens Filled(PromptTokens prompt, int chunks)
    {
        var missing = chunks - (prompt.Ids.Length / tower.ContextLength);
        if (missing == 0)
            return prompt;
        var empty = Empty();
        return prompt with
        {
            Ids = [.. prompt.Ids, .. Enumerable.Repeat(empty.Ids, missing).SelectMany(ids => ids)],
            Weights = [.. prompt.Weights, .. Enumerable.Repeat(1.0, missing * tower.ContextLength)],
        };
    }

    private PromptTokens Empty() => new PromptChunker(tower, null).Lay([new PromptFragment("", 1)], request.Syntax, 1);

    // (B * chunks, T, D) -> (B, chunks * T, D)
    private static Tensor SideBySide(Tensor states, int prompts) => states.reshape(prompts, -1, states.shape[2]);
}
