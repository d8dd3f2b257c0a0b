using System.Text;
using Realign.Core.Text;
using Realign.Tokenizers.BytePairs;
using Realign.Tokenizers.Clip;
using Realign.Tokenizers.Files;
using Realign.Tokenizers.Text;

namespace Realign.Tokenizers;

/// <summary>
/// Lower-casing byte pair encoding of CLIP text towers (Radford et al. 2021; transformers <c>CLIPTokenizer</c>): NFC, blanks joined, lower case per
/// code point, <c>&lt;/w&gt;</c> at the end of each word.
/// </summary>
public sealed class ClipTokenizer : ITextTokenizer
{
    private const string EndOfWord = "</w>";

    private readonly BytePairEncoder _encoder;
    private readonly AddedTokenSplitter _raw;
    private readonly AddedTokenSplitter _normalized;
    private readonly TokenTable _table;

    private ClipTokenizer(TokenizerFolder folder)
    {
        var vocabulary = folder.ReadVocabulary();
        var added = new AddedTokenReader(folder, vocabulary).Read();
        var roles = new TokenRoles(folder, vocabulary, added);
        _encoder = new BytePairEncoder(folder, vocabulary, folder.ReadMerges(), EndOfWord, ignoreMerges: false);
        _raw = new AddedTokenSplitter(added.Where(token => !token.Normalized));
        _normalized = new AddedTokenSplitter(added.Where(token => token.Normalized).Select(token => token with { Content = Normalize(token.Content) }));
        _table = new TokenTable(folder, vocabulary, added);
        BosId = roles.Id("bos_token") ?? roles.Named("<|startoftext|>");
        EosId = roles.Id("eos_token") ?? roles.Named("<|endoftext|>");
        PadId = roles.Id("pad_token") ?? EosId;
        MaxLength = roles.MaxLength ?? 77;
    }

    /// <summary>Id before the text.</summary>
    public int BosId { get; }

    /// <summary>Id after the text.</summary>
    public int EosId { get; }

    /// <summary>Id that fills the context: the end token in SD 1.x and the first XL tower, 0 in SD 2.x and the second XL tower.</summary>
    public int PadId { get; }

    /// <summary>Context length of the model (model_max_length).</summary>
    public int MaxLength { get; }

    /// <summary>Largest id + 1.</summary>
    public int VocabularySize => _table.Count;

    /// <summary>Reads vocab.json and merges.txt (or tokenizer.json), tokenizer_config.json and special_tokens_map.json.</summary>
    /// <exception cref="Realign.Core.Errors.ModelLoadException">A file is missing, broken, or of another model.</exception>
    public static ClipTokenizer Load(string folder) => new(new TokenizerFolder(folder));

    /// <summary>The published tokenizer of OpenAI's CLIP, which every published Stable Diffusion checkpoint uses.</summary>
    /// <param name="files">Its files (<see cref="PublishedClipFiles"/>).</param>
    public static ClipTokenizer Published(IReadOnlyDictionary<string, byte[]> files) => new(new TokenizerFolder("the embedded tokenizer", files));

    /// <summary>The tokenizer in a folder; the published one of OpenAI's CLIP where the folder has none.</summary>
    /// <exception cref="Realign.Core.Errors.ModelLoadException">The folder's own is broken, or of another model.</exception>
    public static ClipTokenizer LoadOrPublished(string folder)
    {
        var own = new TokenizerFolder(folder);
        return own.Has("vocab.json") || own.TokenizerJson is not null
            ? new ClipTokenizer(own)
            : Published(PublishedClipFiles.Create(padsWithExclamationMark: true));
    }

    /// <inheritdoc />
    public int[] Encode(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var ids = new List<int> { BosId };
        AppendText(text, ids);
        ids.Add(EosId);
        return [.. ids];
    }

    /// <summary>Exactly <paramref name="maxLength"/> ids: the text is cut before the end token, or followed by padding.</summary>
    /// <param name="text">Any text.</param>
    /// <param name="maxLength">At least 2; <see cref="MaxLength"/> for the model's own.</param>
    public PaddedTokens EncodePadded(string text, int maxLength)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxLength, 2);
        var ids = Encode(text);
        var padded = new int[maxLength];
        if (ids.Length <= maxLength)
        {
            ids.CopyTo(padded, 0);
            padded.AsSpan(ids.Length).Fill(PadId);
            return new PaddedTokens(padded, ids.Length, "");
        }

        ids.AsSpan(0, maxLength - 1).CopyTo(padded);
        padded[^1] = EosId;
        return new PaddedTokens(padded, maxLength, Decode(ids.AsSpan(maxLength - 1, ids.Length - maxLength), skipSpecialTokens: false));
    }

    /// <inheritdoc />
    public string Decode(ReadOnlySpan<int> ids, bool skipSpecialTokens)
    {
        var bytes = new List<byte>();
        foreach (var id in ids)
        {
            var token = _table[id];
            if (!_table.IsSpecial(id))
                ByteAlphabet.AppendBytes(token, bytes);
            else if (!skipSpecialTokens)
                bytes.AddRange(Encoding.UTF8.GetBytes(token));
        }

        return Encoding.UTF8.GetString([.. bytes]).Replace(EndOfWord, " ", StringComparison.Ordinal).Trim();
    }

    /// <summary>Whether an id is the last of its word.</summary>
    public bool EndsWord(int id) => _table.IsSpecial(id) || _table[id].EndsWith(EndOfWord, StringComparison.Ordinal);

    private void AppendText(string text, List<int> ids) =>
        _raw.Split(text, part => _normalized.Split(Normalize(part), words => AppendWords(words, ids), ids.Add), ids.Add);

    private void AppendWords(string text, List<int> ids)
    {
        for (var at = 0; at < text.Length;)
        {
            if (Unicode.IsSpace(Unicode.At(text, at, out var length)))
            {
                at += length;
                continue;
            }

            var end = ClipPieces.End(text, at);
            _encoder.Encode(text.AsSpan(at, end - at), ids);
            at = end;
        }
    }

    // joining blanks to one makes no difference to the ids: every blank only separates
    private static string Normalize(string text) => Unicode.ToLower(CanonicalForm.Compose(text));
}
