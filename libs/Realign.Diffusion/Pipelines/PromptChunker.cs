using Realign.Core.Prompts;
using Realign.Tokenizers;

namespace Realign.Diffusion.Pipelines;

/// <summary>
/// Lays tokens out in contexts. Text beyond the first context goes on in the next one, as far as chunks are allowed; with the syntax of web UIs a chunk
/// that is full ends behind its last comma, if that is at most 20 tokens back.
/// </summary>
/// <param name="tokenizer">Text to ids.</param>
/// <param name="context">Ids in one chunk, begin, end and padding included.</param>
internal sealed class PromptChunker(ClipTokenizer tokenizer, int context)
{
    private const int CommaReach = 20;

    // where a token ends up: chunk, id, weight
    private readonly List<List<(int Id, double Weight)>> _chunks = [[]];
    private readonly int[] _comma = tokenizer.Encode(",")[1..^1];
    private readonly int _room = context - 2;

    /// <summary>The layout of a prompt.</summary>
    /// <param name="fragments">Its pieces.</param>
    /// <param name="syntax">Decides where chunks end.</param>
    /// <param name="maxChunks">At least 1.</param>
    /// <param name="tokenWeights">Weights of the tokens in order, in place of the fragments'; null = theirs.</param>
    public PromptTokens Lay(IReadOnlyList<PromptFragment> fragments, PromptSyntax syntax, int maxChunks, IReadOnlyList<double>? tokenWeights = null)
    {
        var index = 0;
        foreach (var fragment in fragments)
        {
            if (fragment.StartsChunk)
                _chunks.Add([]);
            foreach (var id in tokenizer.Encode(fragment.Text)[1..^1])
            {
                Add(id, tokenWeights is null || index >= tokenWeights.Count ? fragment.Weight : tokenWeights[index], syntax);
                index++;
            }
        }

        var rest = _chunks.Skip(maxChunks).SelectMany(chunk => chunk).Select(token => token.Id).ToArray();
        return Padded([.. _chunks.Take(maxChunks)], rest.Length == 0 ? "" : tokenizer.Decode(rest, skipSpecialTokens: false));
    }

    private void Add(int id, double weight, PromptSyntax syntax)
    {
        var chunk = _chunks[^1];
        if (chunk.Count == _room)
        {
            _chunks.Add([]);
            var comma = syntax == PromptSyntax.Weighted && !IsComma(id) ? chunk.FindLastIndex(token => IsComma(token.Id)) : -1;
            if (comma >= 0 && chunk.Count - comma <= CommaReach)
            {
                _chunks[^1].AddRange(chunk[(comma + 1)..]);
                chunk.RemoveRange(comma + 1, chunk.Count - comma - 1);
            }
        }

        _chunks[^1].Add((id, weight));
    }

    private bool IsComma(int id) => _comma is [var comma] && id == comma;

    private PromptTokens Padded(List<List<(int Id, double Weight)>> chunks, string rest)
    {
        var ids = new int[chunks.Count * context];
        var weights = Enumerable.Repeat(1.0, ids.Length).ToArray();
        var columns = new List<int>();
        for (var i = 0; i < chunks.Count; i++)
        {
            var start = i * context;
            ids.AsSpan(start, context).Fill(tokenizer.PadId);
            ids[start] = tokenizer.BosId;
            for (var k = 0; k < chunks[i].Count; k++)
            {
                (ids[start + 1 + k], weights[start + 1 + k]) = chunks[i][k];
                columns.Add(start + 1 + k);
            }

            ids[start + 1 + chunks[i].Count] = tokenizer.EosId;
        }

        return new PromptTokens(ids, weights, columns, rest);
    }
}
