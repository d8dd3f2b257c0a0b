using System.Text.Json;

namespace Realign.Tokenizers.Files;

/// <summary>Which token begins, ends and pads a text: tokenizer_config.json, then special_tokens_map.json.</summary>
internal sealed class TokenRoles(TokenizerFolder folder, IReadOnlyDictionary<string, int> vocabulary, IReadOnlyList<AddedToken> added)
{
    private readonly JsonElement? _map = folder.ReadJson("special_tokens_map.json");

    /// <summary>model_max_length; null when absent or "unlimited" (the published files write 1e30).</summary>
    public int? MaxLength => folder.Config?.Int32("model_max_length") is > 1 and var length ? length : null;

    /// <summary>Id of a role such as <c>bos_token</c>; null when no file names it.</summary>
    public int? Id(string role) => Content(role) is { } token ? Named(token) : null;

    /// <summary>Id of a token that must exist.</summary>
    public int Named(string token) =>
        added.FirstOrDefault(candidate => candidate.Content == token)?.Id
        ?? (vocabulary.TryGetValue(token, out var id) ? id : throw folder.Bad("tokenizer_config.json", $"token '{token}' is in no vocabulary"));

    private string? Content(string role)
    {
        foreach (var source in new[] { folder.Config, _map })
        {
            if (source?.Property(role) is { } token)
                return token.ValueKind == JsonValueKind.String ? token.GetString() : token.Text("content");
        }

        return null;
    }
}
