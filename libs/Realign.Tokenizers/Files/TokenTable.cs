using System.Globalization;
using Realign.Core.Errors;

namespace Realign.Tokenizers.Files;

/// <summary>Id to token, and which ids are special.</summary>
internal sealed class TokenTable
{
    /// <summary>No published model comes near; bounds what a lying id can allocate.</summary>
    public const int MaxIds = 1 << 22;

    private readonly string?[] _tokens;
    private readonly HashSet<int> _special;

    public TokenTable(TokenizerFolder folder, IReadOnlyDictionary<string, int> vocabulary, IReadOnlyList<AddedToken> added)
    {
        var largest = Math.Max(vocabulary.Values.DefaultIfEmpty(-1).Max(), added.Select(token => token.Id).DefaultIfEmpty(-1).Max());
        if (largest >= MaxIds)
            throw folder.Bad("tokenizer files", $"id {largest} is above any vocabulary");
        _tokens = new string?[largest + 1];
        foreach (var (token, id) in vocabulary)
            _tokens[id] = token;
        foreach (var token in added)
        {
            if (_tokens[token.Id] is { } other && other != token.Content)
                throw folder.Bad("tokenizer files", $"id {token.Id} is '{other}' in the vocabulary and '{token.Content}' among the added tokens");
            _tokens[token.Id] = token.Content;
        }

        _special = [.. added.Where(token => token.Special).Select(token => token.Id)];
    }

    /// <summary>Largest id + 1.</summary>
    public int Count => _tokens.Length;

    public bool IsSpecial(int id) => _special.Contains(id);

    /// <summary>Text of an id; empty for a hole in the vocabulary.</summary>
    public string this[int id] => id >= 0 && id < _tokens.Length
        ? _tokens[id] ?? ""
        : throw new InvalidInputException("ids", id.ToString(CultureInfo.InvariantCulture), "is no token id", $"send ids from 0 to {_tokens.Length - 1}");
}
