using System.Text;
using Realign.Tokenizers.BytePairs;
using Realign.Tokenizers.Files;
using Realign.Tokenizers.Gpt2;
using Realign.Tokenizers.Text;

namespace Realign.Tokenizers;

/// <summary>Byte-level byte pair encoding of GPT-2 (Radford et al. 2019; transformers <c>GPT2Tokenizer</c>), as OPT uses it: <c>&lt;/s&gt;</c> begins
/// every text.</summary>
public sealed class Gpt2Tokenizer : ITextTokenizer
{
    private readonly BytePairEncoder _encoder;
    private readonly AddedTokenSplitter _added;
    private readonly TokenTable _table;

    private Gpt2Tokenizer(TokenizerFolder folder)
    {
        var vocabulary = folder.ReadVocabulary();
        var added = new AddedTokenReader(folder, vocabulary).Read();
        var roles = new TokenRoles(folder, vocabulary, added);
        _encoder = new BytePairEncoder(folder, vocabulary, folder.ReadMerges(), endOfWord: null, ignoreMerges: false);
        _added = new AddedTokenSplitter(added);
        _table = new TokenTable(folder, vocabulary, added);
        EosId = roles.Id("eos_token") ?? throw folder.Bad("tokenizer_config.json", "eos_token is not given");
        BosId = roles.Id("bos_token") ?? EosId;
        PadId = roles.Id("pad_token") ?? EosId;
        AddsBos = folder.Config?.Flag("add_bos_token") ?? false;
        AddsPrefixSpace = folder.Config?.Flag("add_prefix_space") ?? false;
        ImageId = added.FirstOrDefault(token => token.Content == "<image>")?.Id;
    }

    /// <summary>Id that begins a text.</summary>
    public int BosId { get; }

    /// <summary>Id that ends a text.</summary>
    public int EosId { get; }

    /// <summary>Id that fills a batch.</summary>
    public int PadId { get; }

    /// <summary>Id of <c>&lt;image&gt;</c> in the newer BLIP-2 layout, otherwise null.</summary>
    public int? ImageId { get; }

    /// <summary>Whether <see cref="Encode"/> begins with <see cref="BosId"/> (add_bos_token).</summary>
    public bool AddsBos { get; }

    /// <summary>Largest id + 1.</summary>
    public int VocabularySize => _table.Count;

    private bool AddsPrefixSpace { get; }

    /// <summary>Reads vocab.json and merges.txt (or tokenizer.json), tokenizer_config.json, special_tokens_map.json and added_tokens.json.</summary>
    /// <exception cref="Realign.Core.Errors.ModelLoadException">A file is missing, broken, or of another model.</exception>
    public static Gpt2Tokenizer Load(string folder) => new(new TokenizerFolder(folder));

    /// <inheritdoc />
    public int[] Encode(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var ids = new List<int>();
        if (AddsBos)
            ids.Add(BosId);
        _added.Split(text, part => AppendPieces(part, ids), ids.Add);
        return [.. ids];
    }

    /// <inheritdoc />
    public string Decode(ReadOnlySpan<int> ids, bool skipSpecialTokens)
    {
        var bytes = new List<byte>();
        foreach (var id in ids)
        {
            var token = _table[id];
            if (!(skipSpecialTokens && _table.IsSpecial(id)))
                ByteAlphabet.AppendBytes(token, bytes);
        }

        return Encoding.UTF8.GetString([.. bytes]);
    }

    private void AppendPieces(string text, List<int> ids)
    {
        if (AddsPrefixSpace && !char.IsWhiteSpace(text[0]))
            text = ' ' + text;
        for (var at = 0; at < text.Length;)
        {
            var end = Gpt2Pieces.End(text, at);
            _encoder.Encode(text.AsSpan(at, end - at), ids);
            at = end;
        }
    }
}
