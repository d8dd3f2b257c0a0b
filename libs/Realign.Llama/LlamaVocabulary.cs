using System.Text;
using LLama.Native;
using Realign.Core.Errors;
using Realign.Core.Text;
using Realign.Llama.Gguf;

namespace Realign.Llama;

/// <summary>Tokens of a model: text to ids and back. Safe from several threads.</summary>
public sealed class LlamaVocabulary
{
    /// <summary>Longest text taken, in UTF-8 bytes: some pre-tokenizers recurse per character.</summary>
    public const int MaxTextBytes = 128 << 10;

    // a piece is a few characters; a longer one tells its length
    private const int UsualPiece = 64;

    private readonly SafeLlamaModelHandle _model;
    private readonly bool _isComposed;
    private readonly bool _hasSpacePrefix;

    internal LlamaVocabulary(SafeLlamaModelHandle model, GgufFile file)
    {
        _model = model;
        var vocabulary = model.Vocab;
        Size = vocabulary.Count;
        Begin = (int?)vocabulary.BOS;
        End = (int?)vocabulary.EOS;
        AddsBegin = vocabulary.ShouldAddBOS;
        _isComposed = file.String("tokenizer.ggml.pre") == "qwen2";
        _hasSpacePrefix = file.Metadata.GetValueOrDefault("tokenizer.ggml.add_space_prefix")?.Value as bool? ?? file.String("tokenizer.ggml.model") == "llama";
    }

    /// <summary>Number of tokens.</summary>
    public int Size { get; }

    /// <summary>Begin-of-text token, if any.</summary>
    public int? Begin { get; }

    /// <summary>End-of-text token, if any; see <see cref="IsEndOfGeneration"/> for the others that end an answer.</summary>
    public int? End { get; }

    /// <summary>Whether a text starts with <see cref="Begin"/>.</summary>
    public bool AddsBegin { get; }

    /// <summary>Whether a token ends an answer.</summary>
    /// <param name="token">0 to <see cref="Size"/> - 1.</param>
    public bool IsEndOfGeneration(int token)
    {
        CheckToken(token);
        return Call(() => ((LLamaToken)token).IsEndOfGeneration(_model.Vocab));
    }

    /// <summary>Token ids of a text as it stands.</summary>
    /// <param name="text">Any text; may hold NUL.</param>
    /// <param name="addSpecial">Add begin-of-text where the model wants it.</param>
    /// <param name="parseSpecial">Read control tokens such as <c>&lt;|eot_id|&gt;</c> out of the text: never for text that a user typed.</param>
    /// <exception cref="InvalidInputException">The text is longer than <see cref="MaxTextBytes"/>.</exception>
    public int[] Tokenize(string text, bool addSpecial, bool parseSpecial)
    {
        var bytes = Encoding.UTF8.GetByteCount(text);
        if (bytes > MaxTextBytes)
            throw new InvalidInputException("text", $"{bytes} bytes", $"at most {MaxTextBytes} are read", "shorten it");
        return Call(() => Array.ConvertAll(_model.Tokenize(text, addSpecial, parseSpecial, Encoding.UTF8), token => (int)token));
    }

    /// <summary>
    /// A text as the original tokenizer sees it: Qwen2's composes characters (NFC) first, which llama.cpp leaves to its caller; all others take it as it
    /// stands.
    /// </summary>
    public string Normalize(string text) => _isComposed ? CanonicalForm.Compose(text) : text;

    /// <summary>UTF-8 bytes of a sequence, exactly as its tokens spell it; they may end, or begin, inside a character.</summary>
    /// <param name="tokens">Ids of this vocabulary.</param>
    /// <param name="unparseSpecial">Write control tokens as text; otherwise they leave none.</param>
    public byte[] Detokenize(ReadOnlySpan<int> tokens, bool unparseSpecial = false)
    {
        foreach (var token in tokens)
            CheckToken(token);
        var source = tokens.ToArray();
        return Call(() =>
        {
            var text = new MemoryStream(source.Length * 8);
            var piece = new byte[UsualPiece];
            for (var index = 0; index < source.Length; index++)
            {
                // the space that tokenization puts before a text belongs to its first token
                var strip = index == 0 && _hasSpacePrefix ? 1 : 0;
                var length = (int)_model.TokenToSpan(source[index], piece, strip, unparseSpecial);
                if (length > piece.Length)
                {
                    piece = new byte[length];
                    length = (int)_model.TokenToSpan(source[index], piece, strip, unparseSpecial);
                }

                text.Write(piece, 0, length);
            }

            return text.ToArray();
        });
    }

    /// <summary>The token whose text is exactly this control token; null when the vocabulary has no single token for it.</summary>
    public int? ControlToken(string text)
    {
        var ids = Tokenize(text, addSpecial: false, parseSpecial: true);
        return ids.Length == 1 && Detokenize(ids, unparseSpecial: true).AsSpan().SequenceEqual(Encoding.UTF8.GetBytes(text)) ? ids[0] : null;
    }

    internal void CheckToken(int token)
    {
        if ((uint)token >= (uint)Size)
            throw new ArgumentOutOfRangeException(nameof(token), token, $"the vocabulary has {Size} tokens");
    }

    /// <summary>The vocabulary lives inside the model, so the model must not be freed during a call.</summary>
    private T Call<T>(Func<T> call)
    {
        var added = false;
        try
        {
            _model.DangerousAddRef(ref added);
            return call();
        }
        finally
        {
            if (added)
                _model.DangerousRelease();
        }
    }
}
