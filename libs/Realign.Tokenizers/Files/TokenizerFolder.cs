using System.Text;
using System.Text.Json;
using Realign.Core.Configs;
using Realign.Core.Errors;
using Realign.Core.Files;

namespace Realign.Tokenizers.Files;

/// <summary>The published files of a tokenizer folder, read with bounds: a hostile file ends in one <see cref="ModelLoadException"/>.</summary>
internal sealed class TokenizerFolder
{
    private readonly IReadOnlyDictionary<string, byte[]>? _embedded;

    public TokenizerFolder(string path)
        : this(Existing(path), null)
    {
    }

    /// <summary>Files that are no files on disk.</summary>
    /// <param name="path">What error messages call their folder.</param>
    /// <param name="embedded">By name.</param>
    public TokenizerFolder(string path, IReadOnlyDictionary<string, byte[]>? embedded)
    {
        Path = path;
        _embedded = embedded;
        Config = ReadJson("tokenizer_config.json");
        TokenizerJson = ReadJson("tokenizer.json");
    }

    public string Path { get; }

    /// <summary>tokenizer_config.json, if there is one.</summary>
    public JsonElement? Config { get; }

    /// <summary>tokenizer.json, if there is one.</summary>
    public JsonElement? TokenizerJson { get; }

    public ModelLoadException Bad(string file, string problem, Exception? inner = null) =>
        new(System.IO.Path.Combine(Path, file), problem, "download the tokenizer files of this model again", inner);

    public bool Has(string file) => _embedded?.ContainsKey(file) ?? ModelFile.Exists(System.IO.Path.Combine(Path, file));

    public byte[] ReadBytes(string file) => !Has(file) ? throw Bad(file, "is missing")
        : _embedded is null ? ModelText.Read(System.IO.Path.Combine(Path, file)) : _embedded[file];

    public string[] ReadLines(string file) => Encoding.UTF8.GetString(ReadBytes(file)).Split('\n');

    public JsonElement? ReadJson(string file)
    {
        if (!Has(file))
            return null;
        try
        {
            // without duplicate keys, as two entries of one token would silently shadow each other
            using var document = StrictJson.Parse(ReadBytes(file), new JsonDocumentOptions { AllowDuplicateProperties = false });
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? document.RootElement.Clone()
                : throw Bad(file, "is not a JSON object");
        }
        catch (JsonException exception)
        {
            throw Bad(file, $"is not valid JSON ({exception.Message})", exception);
        }
    }

    /// <summary>Token to id, from vocab.json or else from the model part of tokenizer.json.</summary>
    public Dictionary<string, int> ReadVocabulary()
    {
        var (file, table) = Has("vocab.json") ? ("vocab.json", ReadJson("vocab.json"))
            : ("tokenizer.json", Model()?.Property("vocab") ?? throw Bad("vocab.json", "is missing, and so is tokenizer.json"));
        var vocabulary = new Dictionary<string, int>(StringComparer.Ordinal);
        var ids = new HashSet<int>();
        if (table is not { ValueKind: JsonValueKind.Object } entries)
            throw Bad(file, "the vocabulary is not an object of token and id");
        foreach (var entry in entries.EnumerateObject())
        {
            if (entry.Value.ValueKind != JsonValueKind.Number || !entry.Value.TryGetInt32(out var id) || id < 0)
                throw Bad(file, $"the id of a token is {entry.Value.GetRawText()}, not a whole number from 0");
            if (!ids.Add(id))
                throw Bad(file, $"id {id} is given to two tokens");
            vocabulary.Add(entry.Name, id);
        }

        if (vocabulary.Count == 0)
            throw Bad(file, "the vocabulary is empty");
        return vocabulary;
    }

    /// <summary>Merge rules in rank order, "left right" each, from merges.txt or else from tokenizer.json.</summary>
    public List<string> ReadMerges()
    {
        if (Has("merges.txt"))
            return [.. ReadLines("merges.txt").Select(line => line.TrimEnd('\r'))
                .Where((line, index) => line.Length > 0 && !(index == 0 && line.StartsWith("#version", StringComparison.Ordinal)))];
        if (Model()?.Property("merges") is not { ValueKind: JsonValueKind.Array } list)
            throw Bad("merges.txt", "is missing, and tokenizer.json has no merges");
        return [.. list.EnumerateArray().Select(merge => merge.ValueKind switch
        {
            JsonValueKind.String => merge.GetString()!,
            JsonValueKind.Array when merge.GetArrayLength() == 2 && merge[0].ValueKind == JsonValueKind.String && merge[1].ValueKind == JsonValueKind.String =>
                $"{merge[0].GetString()} {merge[1].GetString()}",
            _ => throw Bad("tokenizer.json", "a merge is neither a string nor a pair of strings"),
        })];
    }

    private static string Existing(string path)
    {
        ModelFolder.Require(path, "tokenizer_config.json");
        return path;
    }

    public JsonElement? Model() => TokenizerJson?.Property("model");
}
