using System.Globalization;
using System.Text.Json;

namespace Realign.Tokenizers.Files;

/// <summary>
/// Collects the added and special tokens of a folder. <c>tokenizer.json</c> is complete where it exists; the other files are read too,
/// because the same token with two ids means files of different models.
/// </summary>
internal sealed class AddedTokenReader(TokenizerFolder folder, IReadOnlyDictionary<string, int> vocabulary)
{
    private static readonly string[] _roles = ["bos_token", "eos_token", "unk_token", "pad_token", "sep_token", "cls_token", "mask_token"];

    private readonly Dictionary<string, AddedToken> _tokens = new(StringComparer.Ordinal);

    public List<AddedToken> Read()
    {
        if (folder.TokenizerJson?.Property("added_tokens") is { ValueKind: JsonValueKind.Array } list)
        {
            foreach (var item in list.EnumerateArray())
                Add("tokenizer.json", item, item.Int32("id"), item.Flag("special") ?? false);
        }

        if (folder.Config?.Property("added_tokens_decoder") is { ValueKind: JsonValueKind.Object } decoder)
        {
            foreach (var item in decoder.EnumerateObject())
                Add("tokenizer_config.json", item.Value, int.TryParse(item.Name, NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? id : null,
                    item.Value.Flag("special") ?? true);
        }

        if (folder.ReadJson("added_tokens.json") is { } added)
        {
            foreach (var item in added.EnumerateObject())
            {
                if (item.Value.ValueKind != JsonValueKind.Number || !item.Value.TryGetInt32(out var id) || id < 0)
                    throw folder.Bad("added_tokens.json", $"the id of a token is {item.Value.GetRawText()}, not a whole number from 0");
                Add("added_tokens.json", item.Name, id, special: true, normalized: false);
            }
        }

        AddRoles("special_tokens_map.json", folder.ReadJson("special_tokens_map.json"));
        AddRoles("tokenizer_config.json", folder.Config);
        return [.. _tokens.Values];
    }

    private void AddRoles(string file, JsonElement? table)
    {
        if (table is not { } roles)
            return;
        foreach (var role in _roles)
        {
            if (roles.Property(role) is { } token)
                AddNamed(file, token);
        }

        if (roles.Property("additional_special_tokens") is { ValueKind: JsonValueKind.Array } more)
        {
            foreach (var token in more.EnumerateArray())
                AddNamed(file, token);
        }
    }

    // Named by its text only: the id comes from the vocabulary or from a token that was already added.
    private void AddNamed(string file, JsonElement token)
    {
        var content = token.ValueKind == JsonValueKind.String ? token.GetString() : token.Text("content");
        if (string.IsNullOrEmpty(content))
            throw folder.Bad(file, "a special token has no text");
        if (_tokens.ContainsKey(content))
            return;
        if (!vocabulary.TryGetValue(content, out var id))
            throw folder.Bad(file, $"special token '{content}' is in no vocabulary");
        Add(file, content, id, special: true, normalized: false);
    }

    private void Add(string file, JsonElement item, int? id, bool special)
    {
        var content = item.Text("content");
        if (string.IsNullOrEmpty(content) || id is not >= 0)
            throw folder.Bad(file, "an added token has no text or no id");
        if (item.Flag("single_word") == true)
            throw folder.Bad(file, $"added token '{content}': single_word = true is not supported");
        Add(file, content, id.Value, special, item.Flag("normalized") ?? false, item.Flag("lstrip") ?? false, item.Flag("rstrip") ?? false);
    }

    private void Add(string file, string content, int id, bool special, bool normalized, bool stripLeft = false, bool stripRight = false)
    {
        // an empty token would be found everywhere, for ever
        if (content.Length == 0)
            throw folder.Bad(file, "an added token has no text");
        var known = _tokens.TryGetValue(content, out var token) ? token.Id : vocabulary.TryGetValue(content, out var inVocabulary) ? inVocabulary : id;
        if (known != id)
            throw folder.Bad(file, $"token '{content}' has id {id} here and {known} in another file of the folder");
        _tokens.TryAdd(content, new AddedToken(content, id, special, normalized, stripLeft, stripRight));
    }
}
