using Realign.Core.Prompts;
using Realign.Diffusion.TextualInversion;

namespace Realign.Diffusion.Pipelines;

/// <summary>
/// Lays tokens out in contexts. Text beyond the first context goes on in the next one, as far as chunks are allowed; with the syntax of web UIs a chunk
/// that is full ends behind its last comma, if that is at most 20 tokens back, and an embedding that does not fit begins the next one.
/// </summary>
/// <param name="tower">Text to ids, and ids in one chunk.</param>
/// <param name="embeddings">What words of the text stand for embeddings; null = none do.</param>
internal sealed class PromptChunker(TextTower tower, PromptEmbeddings? embeddings)
{
    private const int CommaReach = 20;

    // where a token ends up: chunk, id, weight
    private readonly List<List<(int Id, double Weight)>> _chunks = [[]];
    private readonly PromptVocabulary _vocabulary = new(tower, embeddings);
    private readonly int[] _comma = tower.Tokenizer.Encode(",")[1..^1];

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
            foreach (var word in _vocabulary.Encode(fragment.Text))
            {
                if (syntax == PromptSyntax.Weighted && word.Count > 1 && _chunks[^1].Count + word.Count > tower.Room)
                    _chunks.Add([]);
                foreach (var id in word)
                {
                    Add(id, tokenWeights is null || index >= tokenWeights.Count ? fragment.Weight : tokenWeights[index], syntax);
                    index++;
                }
            }
        }

        var rest = _chunks.Skip(maxChunks).SelectMany(chunk => chunk).Select(token => token.Id).ToArray();
        return Padded([.. _chunks.Take(maxChunks)], _vocabulary.Decode(rest, skipSpecialTokens: false));
    }

    private void Add(int id, double weight, PromptSyntax syntax)
    {
        var chunk = _chunks[^1];
        if (chunk.Count == tower.Room)
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
        var (tokenizer, context) = (tower.Tokenizer, tower.ContextLength);
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
