using Realign.Core.Errors;
using Realign.Core.Prompts;
using Realign.Diffusion.Pipelines;
using static TorchSharp.torch;

namespace Realign.Diffusion.TextualInversion;

/// <summary>
/// The embeddings that the prompts of a call may name. Each of their vectors is an id behind the text encoder's table, which itself stays what it is.
/// </summary>
/// <remarks>The tensors are those of the embeddings.</remarks>
public sealed class PromptEmbeddings
{
    private readonly IReadOnlyList<PromptEmbedding> _embeddings;
    private readonly List<int> _starts = [];

    /// <summary>Embeddings under the words of a call.</summary>
    /// <param name="embeddings">Each with its token.</param>
    /// <param name="towers">The model's text encoders.</param>
    /// <exception cref="InvalidInputException">A token is taken, or one that other prompts use as a word.</exception>
    public PromptEmbeddings(IReadOnlyList<PromptEmbedding> embeddings, IReadOnlyList<TextTower> towers)
    {
        ArgumentNullException.ThrowIfNull(embeddings);
        ArgumentNullException.ThrowIfNull(towers);
        var tokens = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        var count = 0;
        foreach (var item in embeddings)
        {
            var (field, token) = (item.IsBundled ? item.Field : $"{item.Field}.token", item.Token);
            if (!tokens.Add(token))
                throw new InvalidInputException(field, token, "another embedding of this call has this token", "give each a token of its own");
            // a piece of the vocabulary, or a special token
            if (!item.IsBundled && towers.Any(tower => tower.Tokenizer.Encode(token).Length <= 3))
            {
                throw new InvalidInputException(field, token, "this is a word of the model itself, which the embedding would hide",
                    $"give it another token, e.g. <{token}>");
            }

            _starts.Add(count);
            count += item.Embedding.Layout.Vectors;
        }

        _embeddings = [.. embeddings];
        Tokens = [.. embeddings.Select(item => item.Token)];
        Triggers = new TriggerWords(embeddings.Select(item => (item.Token, item.Embedding.Name)));
    }

    /// <summary>Finds them in texts.</summary>
    public TriggerWords Triggers { get; }

    /// <summary>How prompts spell each.</summary>
    public IReadOnlyList<string> Tokens { get; }

    /// <summary>Which of those that the call names are in none of the texts of a request.</summary>
    /// <exception cref="InvalidInputException">A text breaks its syntax.</exception>
    public IEnumerable<PromptEmbedding> Unused(PromptRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        var used = new[] { request.Prompts, request.NegativePrompts, request.Prompts2, request.NegativePrompts2 }
            .SelectMany(texts => texts ?? []).SelectMany(text => PromptFragments.Parse("prompt", text, request.Syntax))
            .SelectMany(fragment => Triggers.Split(fragment.Text)).Select(piece => piece.Index).ToHashSet();
        return _embeddings.Where((embedding, index) => !embedding.IsBundled && !used.Contains(index));
    }

    /// <summary>A phrase of a reader of the prompt, which knows an embedding by the plain words of its token, with the tokens themselves.</summary>
    public string WithTokens(string phrase)
    {
        var plain = new TriggerWords(Tokens.Select(TriggerWords.PlainWords).Select(words => (words, words)));
        return string.Concat(plain.Split(phrase).Select(piece => piece.Index < 0 ? piece.Text : Tokens[piece.Index]));
    }

    /// <summary>Rows behind the table of a text encoder (N, W), of all embeddings.</summary>
    internal Tensor Rows(TextTower tower) => cat([.. _embeddings.Select(item => item.Embedding.Vectors[tower.Index])], 0);

    /// <summary>First row and number of rows of an embedding.</summary>
    internal (int First, int Count) Place(int index) => (_starts[index], _embeddings[index].Embedding.Layout.Vectors);

    /// <summary>Which embedding a row belongs to.</summary>
    internal int Owner(int row) => _starts.FindLastIndex(start => start <= row);
}
