using System.Text;
using System.Text.Json;
using Realign.Tokenizers.Bert;
using Realign.Tokenizers.Files;
using Realign.Tokenizers.Text;

namespace Realign.Tokenizers;

/// <summary>WordPiece tokenizer of BERT (Devlin et al. 2018; transformers <c>BertTokenizer</c>): BLIP, the BLIP-2 Q-Former and Grounding DINO use it.</summary>
public sealed class BertTokenizer : ITextTokenizer
{
    private static readonly string[] _standardTokens = ["[UNK]", "[CLS]", "[SEP]", "[PAD]", "[MASK]"];

    private readonly WordPieces _pieces;
    private readonly AddedTokenSplitter _added;
    private readonly TokenTable _table;
    private readonly bool _lowerCase;
    private readonly bool _stripAccents;
    private readonly bool _splitChinese;

    private BertTokenizer(TokenizerFolder folder)
    {
        var vocabulary = ReadVocabulary(folder);
        var added = new AddedTokenReader(folder, vocabulary).Read();
        var roles = new TokenRoles(folder, vocabulary, added);
        var normalizer = folder.TokenizerJson?.Property("normalizer") ?? default(JsonElement);
        _lowerCase = folder.Config?.Flag("do_lower_case") ?? normalizer.Flag("lowercase") ?? true;
        _stripAccents = folder.Config?.Flag("strip_accents") ?? normalizer.Flag("strip_accents") ?? _lowerCase;
        _splitChinese = folder.Config?.Flag("tokenize_chinese_chars") ?? normalizer.Flag("handle_chinese_chars") ?? true;
        UnkId = roles.Id("unk_token") ?? roles.Named("[UNK]");
        ClsId = roles.Id("cls_token") ?? roles.Named("[CLS]");
        SepId = roles.Id("sep_token") ?? roles.Named("[SEP]");
        PadId = roles.Id("pad_token") ?? roles.Named("[PAD]");
        MaxLength = roles.MaxLength ?? 512;
        if (added.Count == 0)
            added = [.. _standardTokens.Where(vocabulary.ContainsKey).Select(token => new AddedToken(token, vocabulary[token], true, false, false, false))];
        _added = new AddedTokenSplitter(added);
        _table = new TokenTable(folder, vocabulary, added);
        _pieces = new WordPieces(folder, vocabulary, _table[UnkId]);
    }

    /// <summary>Id of an unknown word.</summary>
    public int UnkId { get; }

    /// <summary>Id that begins a text.</summary>
    public int ClsId { get; }

    /// <summary>Id that ends a text.</summary>
    public int SepId { get; }

    /// <summary>Id that fills a batch.</summary>
    public int PadId { get; }

    /// <summary>Longest input of the model in ids (model_max_length).</summary>
    public int MaxLength { get; }

    /// <summary>Largest id + 1.</summary>
    public int VocabularySize => _table.Count;

    /// <summary>Reads vocab.txt (or tokenizer.json) and, where they exist, tokenizer_config.json and special_tokens_map.json.</summary>
    /// <param name="folderOrVocabulary">The folder, or the path of its vocab.txt.</param>
    /// <exception cref="Realign.Core.Errors.ModelLoadException">A file is missing, broken, or of another model.</exception>
    public static BertTokenizer Load(string folderOrVocabulary) =>
        new(new TokenizerFolder(File.Exists(folderOrVocabulary) ? Path.GetDirectoryName(Path.GetFullPath(folderOrVocabulary))! : folderOrVocabulary));

    /// <inheritdoc />
    public int[] Encode(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var ids = new List<int> { ClsId };
        _added.Split(text, part => AppendWords(BertText.Normalize(part, _lowerCase, _stripAccents, _splitChinese), ids), ids.Add);
        ids.Add(SepId);
        return [.. ids];
    }

    /// <summary>Token text of an id: "##" begins a piece that continues a word.</summary>
    /// <param name="id">From 0 to <see cref="VocabularySize"/> - 1.</param>
    public string Token(int id) => _table[id];

    /// <inheritdoc />
    public string Decode(ReadOnlySpan<int> ids, bool skipSpecialTokens)
    {
        var builder = new StringBuilder();
        foreach (var id in ids)
        {
            var token = _table[id];
            if (skipSpecialTokens && _table.IsSpecial(id))
                continue;
            if (builder.Length == 0)
                builder.Append(token);
            else if (token.StartsWith("##", StringComparison.Ordinal))
                builder.Append(token, 2, token.Length - 2);
            else
                builder.Append(token is "." or "?" or "!" or "," ? "" : " ").Append(token);
        }

        return builder.ToString();
    }

    private void AppendWords(string text, List<int> ids)
    {
        for (var at = 0; at < text.Length;)
        {
            if (Unicode.IsSpace(Unicode.At(text, at, out var length)))
            {
                at += length;
                continue;
            }

            var end = BertText.WordEnd(text, at);
            _pieces.Encode(text.AsSpan(at, end - at), ids);
            at = end;
        }
    }

    private static Dictionary<string, int> ReadVocabulary(TokenizerFolder folder)
    {
        if (!folder.Has("vocab.txt"))
            return folder.ReadVocabulary();
        var vocabulary = new Dictionary<string, int>(StringComparer.Ordinal);
        var lines = folder.ReadLines("vocab.txt");
        var count = lines[^1].Length == 0 ? lines.Length - 1 : lines.Length;
        for (var id = 0; id < count; id++)
        {
            if (!vocabulary.TryAdd(lines[id].TrimEnd('\r'), id))
                throw folder.Bad("vocab.txt", $"line {id + 1} repeats the token of line {vocabulary[lines[id].TrimEnd('\r')] + 1}");
        }

        return vocabulary;
    }
}
