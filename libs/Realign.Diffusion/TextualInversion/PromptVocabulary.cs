using Realign.Diffusion.Pipelines;

namespace Realign.Diffusion.TextualInversion;

/// <summary>Text to ids and back for a text encoder, with the embeddings of a call: each stands for as many ids as it has vectors, in one word.</summary>
/// <param name="tower">Tokenizer, and where its ids end.</param>
/// <param name="embeddings">Null = none.</param>
internal sealed class PromptVocabulary(TextTower tower, PromptEmbeddings? embeddings)
{
    private readonly int _firstRow = tower.Model.Config.VocabSize;

    /// <summary>Ids of a text without begin and end; the ids of an embedding are one item, every other id is its own.</summary>
    public IEnumerable<IReadOnlyList<int>> Encode(string text) => embeddings is null ? Plain(text)
        : embeddings.Triggers.Split(text).SelectMany(piece => piece.Index < 0 ? Plain(piece.Text) : [Vectors(piece.Index)]);

    /// <summary>Whether an id is the last of its word.</summary>
    public bool EndsWord(int id)
    {
        if (id < _firstRow)
            return tower.Tokenizer.EndsWord(id);
        var (first, count) = embeddings!.Place(embeddings.Owner(id - _firstRow));
        return id - _firstRow == first + count - 1;
    }

    /// <summary>Text of ids; an embedding is its token, wherever it is cut.</summary>
    /// <param name="ids">Without begin and end.</param>
    /// <param name="skipSpecialTokens">Leaves the special tokens out of the text.</param>
    public string Decode(IReadOnlyList<int> ids, bool skipSpecialTokens)
    {
        var words = new List<string>();
        for (var at = 0; at < ids.Count;)
        {
            var end = at + 1;
            if (ids[at] >= _firstRow)
            {
                words.Add(embeddings!.Tokens[embeddings.Owner(ids[at] - _firstRow)]);
                while (!EndsWord(ids[end - 1]) && end < ids.Count)
                    end++;
            }
            else
            {
                while (end < ids.Count && ids[end] < _firstRow)
                    end++;
                words.Add(tower.Tokenizer.Decode([.. ids.Skip(at).Take(end - at)], skipSpecialTokens));
            }

            at = end;
        }

        return string.Join(' ', words);
    }

    private IEnumerable<IReadOnlyList<int>> Plain(string text) => tower.Tokenizer.Encode(text)[1..^1].Select(id => new[] { id });

    private int[] Vectors(int index)
    {
        var (first, count) = embeddings!.Place(index);
        return [.. Enumerable.Range(_firstRow + first, count)];
    }
}
