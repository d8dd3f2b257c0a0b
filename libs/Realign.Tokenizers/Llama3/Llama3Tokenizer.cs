using System.Text;
using Realign.Tokenizers.BytePairs;
using Realign.Tokenizers.Files;
using Realign.Tokenizers.Llama3;
using Realign.Tokenizers.Text;

namespace Realign.Tokenizers;

/// <summary>Byte-level byte pair encoding of Llama 3 from <c>tokenizer.json</c>: a piece that is in the vocabulary is taken whole (ignore_merges).</summary>
public sealed class Llama3Tokenizer : ITextTokenizer
{
    private readonly BytePairEncoder _encoder;
    private readonly AddedTokenSplitter _added;
    private readonly TokenTable _table;

    private Llama3Tokenizer(TokenizerFolder folder)
    {
        var vocabulary = folder.ReadVocabulary();
        var added = new AddedTokenReader(folder, vocabulary).Read();
        var roles = new TokenRoles(folder, vocabulary, added);
        _encoder = new BytePairEncoder(folder, vocabulary, folder.ReadMerges(), endOfWord: null, folder.Model()?.Flag("ignore_merges") ?? false);
        _added = new AddedTokenSplitter(added);
        _table = new TokenTable(folder, vocabulary, added);
        BosId = roles.Id("bos_token") ?? roles.Named("<|begin_of_text|>");
        EosId = roles.Id("eos_token") ?? roles.Named("<|eot_id|>");
        VocabularySize = vocabulary.Count;
    }

    /// <summary>Id that begins a text.</summary>
    public int BosId { get; }

    /// <summary>Id that ends a turn.</summary>
    public int EosId { get; }

    /// <summary>Tokens without the special ones.</summary>
    public int VocabularySize { get; }

    /// <summary>Reads tokenizer.json and tokenizer_config.json.</summary>
    /// <exception cref="Realign.Core.Errors.ModelLoadException">A file is missing, broken, or of another model.</exception>
    public static Llama3Tokenizer Load(string folder) => new(new TokenizerFolder(folder));

    /// <inheritdoc />
    public int[] Encode(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var ids = new List<int> { BosId };
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
        for (var at = 0; at < text.Length;)
        {
            var end = Llama3Pieces.End(text, at);
            _encoder.Encode(text.AsSpan(at, end - at), ids);
            at = end;
        }
    }
}
