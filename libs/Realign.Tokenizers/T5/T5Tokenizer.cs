using System.Text;
using System.Text.Json;
using Realign.Tokenizers.Files;
using Realign.Tokenizers.T5;
using Realign.Tokenizers.Text;

namespace Realign.Tokenizers;

/// <summary>Unigram tokenizer of T5 (Raffel et al. 2020; transformers <c>T5Tokenizer</c>) from <c>tokenizer.json</c> or <c>spiece.model</c>.</summary>
public sealed class T5Tokenizer : ITextTokenizer
{
    private const char WordStart = '\u2581';

    // the trainer's own limit is 16; the search takes time by the longest piece
    private const int MaxPieceLength = 256;

    private readonly bool _fromPieceFile;
    private readonly UnigramModel _model;
    private readonly CharacterMap? _map;
    private readonly AddedTokenSplitter _added;
    private readonly TokenTable _table;

    private T5Tokenizer(TokenizerFolder folder, bool piecesOnly)
    {
        _fromPieceFile = piecesOnly || folder.TokenizerJson is null;
        List<(string Text, float Score)> pieces;
        Func<int, bool> matchable;
        byte[]? map;
        if (!_fromPieceFile)
        {
            (pieces, var unknown, map) = ReadJson(folder);
            (UnkId, matchable) = (unknown, id => id != unknown);
        }
        else
        {
            var file = new SentencePieceFile(folder, "spiece.model");
            (pieces, map, matchable) = (file.Pieces, file.CharacterMap, file.IsMatchable);
            UnkId = Math.Max(0, file.Kinds.IndexOf(2));
        }

        var vocabulary = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var id = 0; id < pieces.Count; id++)
        {
            if (pieces[id].Text.Length > MaxPieceLength)
                throw folder.Bad("tokenizer files", $"piece {id} has {pieces[id].Text.Length} characters");
            if (!vocabulary.TryAdd(pieces[id].Text, id))
                throw folder.Bad("tokenizer files", $"piece '{pieces[id].Text}' has the ids {vocabulary[pieces[id].Text]} and {id}");
        }

        var added = piecesOnly ? [] : folder.TokenizerJson is null ? WithExtraIds(folder, vocabulary) : new AddedTokenReader(folder, vocabulary).Read();
        _map = map is null or [] ? null : CharacterMap.TryRead(map) ?? throw folder.Bad("tokenizer files", "the character map is malformed");
        _model = new UnigramModel(pieces, matchable, UnkId);
        _added = new AddedTokenSplitter(added);
        _table = new TokenTable(folder, vocabulary, added);
        var roles = new TokenRoles(folder, vocabulary, added);
        EosId = roles.Named(roles.Id("eos_token") is { } eos ? _table[eos] : "</s>");
        PadId = roles.Named(roles.Id("pad_token") is { } pad ? _table[pad] : "<pad>");
    }

    /// <summary>Id that ends a text.</summary>
    public int EosId { get; }

    /// <summary>Id that fills a batch; it also starts the decoder.</summary>
    public int PadId { get; }

    /// <summary>Id of what no piece covers.</summary>
    public int UnkId { get; }

    /// <summary>Largest id + 1.</summary>
    public int VocabularySize => _table.Count;

    /// <summary>Reads tokenizer.json, or else spiece.model with the sentinel tokens of tokenizer_config.json.</summary>
    /// <exception cref="Realign.Core.Errors.ModelLoadException">A file is missing, broken, or of another model.</exception>
    public static T5Tokenizer Load(string folder) => new(new TokenizerFolder(folder), piecesOnly: false);

    /// <summary>Reads spiece.model alone: no added tokens, as the plain SentencePiece library sees text.</summary>
    /// <exception cref="Realign.Core.Errors.ModelLoadException">The file is missing or broken.</exception>
    public static T5Tokenizer LoadPieces(string folder) => new(new TokenizerFolder(folder), piecesOnly: true);

    /// <inheritdoc />
    public int[] Encode(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var ids = new List<int>();
        _added.Split(text, part => AppendWords(part, ids), ids.Add);
        ids.Add(EosId);
        return [.. ids];
    }

    /// <inheritdoc />
    public string Decode(ReadOnlySpan<int> ids, bool skipSpecialTokens)
    {
        var builder = new StringBuilder();
        var first = true;
        foreach (var id in ids)
        {
            var token = _table[id];
            if (skipSpecialTokens && _table.IsSpecial(id))
                continue;
            builder.Append(first && token.StartsWith(WordStart) ? token[1..].Replace(WordStart, ' ') : token.Replace(WordStart, ' '));
            first = false;
        }

        return builder.ToString();
    }

    // tokenizer.json splits at every White_Space; the SentencePiece library knows the blank alone, and always sets the mark before the first word
    private void AppendWords(string text, List<int> ids)
    {
        if (_fromPieceFile)
        {
            var words = Normalized(text).Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(word => WordStart + word);
            AppendPieces(string.Concat(words).TrimEnd(WordStart), ids);
            return;
        }

        var rest = Normalized(text).AsSpan();
        while (!rest.IsEmpty)
        {
            var end = 0;
            while (end < rest.Length && !char.IsWhiteSpace(rest[end]))
                end++;
            if (end > 0)
                AppendPieces(rest[0] == WordStart ? rest[..end].ToString() : $"{WordStart}{rest[..end]}", ids);
            rest = rest[Math.Min(end + 1, rest.Length)..];
        }
    }

    private string Normalized(string text) => _map is null ? text : _fromPieceFile ? _map.Apply(text) : _map.ApplyToGraphemes(text);

    // searched from mark to mark, because no piece has a mark inside
    private void AppendPieces(string marked, List<int> ids)
    {
        for (int start = 0, end; start < marked.Length; start = end)
        {
            end = marked.IndexOf(WordStart, start + 1);
            if (end < 0)
                end = marked.Length;
            _model.Encode(marked[start..end], ids);
        }
    }

    private static (List<(string Text, float Score)> Pieces, int Unknown, byte[]? Map) ReadJson(TokenizerFolder folder)
    {
        const string File = "tokenizer.json";
        if (folder.Model() is not { } model || model.Text("type") is not (null or "Unigram")
            || model.Property("vocab") is not { ValueKind: JsonValueKind.Array } list)
            throw folder.Bad(File, "has no unigram model");
        var pieces = new List<(string, float)>();
        foreach (var item in list.EnumerateArray())
        {
            if (item.ValueKind != JsonValueKind.Array || item.GetArrayLength() != 2 || item[0].ValueKind != JsonValueKind.String
                || item[1].ValueKind != JsonValueKind.Number || !item[1].TryGetSingle(out var score))
                throw folder.Bad(File, $"piece {pieces.Count} is not a pair of text and score");
            pieces.Add((item[0].GetString()!, score));
        }

        if (model.Int32("unk_id") is not { } unknown || unknown < 0 || unknown >= pieces.Count)
            throw folder.Bad(File, "unk_id is no piece");
        return (pieces, unknown, ReadMap(folder, folder.TokenizerJson?.Property("normalizer")));
    }

    private static byte[]? ReadMap(TokenizerFolder folder, JsonElement? normalizer)
    {
        if (normalizer is not { } element)
            return null;
        if (element.Property("normalizers") is { ValueKind: JsonValueKind.Array } list)
            return list.EnumerateArray().Select(item => ReadMap(folder, item)).FirstOrDefault(map => map is not null);
        if (element.Text("type") != "Precompiled")
            return null;
        try
        {
            return element.Property("precompiled_charsmap") is { ValueKind: JsonValueKind.String } map ? map.GetBytesFromBase64() : null;
        }
        catch (FormatException exception)
        {
            throw folder.Bad("tokenizer.json", "precompiled_charsmap is not base64", exception);
        }
    }

    // the sentinels follow the pieces in falling order: <extra_id_0> has the highest id
    private static List<AddedToken> WithExtraIds(TokenizerFolder folder, Dictionary<string, int> vocabulary)
    {
        var count = folder.Config?.Int32("extra_ids") ?? 0;
        if (count is < 0 or > 1000)
            throw folder.Bad("tokenizer_config.json", $"extra_ids = {count} is not 0 to 1000");
        var first = vocabulary.Count;
        for (var i = 0; i < count; i++)
            vocabulary.TryAdd($"<extra_id_{count - 1 - i}>", first + i);
        var added = new AddedTokenReader(folder, vocabulary).Read();
        var sentinels = vocabulary.Where(pair => pair.Value >= first).Select(pair => new AddedToken(pair.Key, pair.Value, true, false, false, false));
        return [.. added.UnionBy(sentinels, token => token.Content)];
    }
}
