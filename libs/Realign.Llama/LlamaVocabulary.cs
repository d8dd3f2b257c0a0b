using System.Text;
using Realign.Core.Errors;
using Realign.Core.Text;
using Realign.Llama.Gguf;
using Realign.Llama.Native;

namespace Realign.Llama;

/// <summary>Tokens of a model: text to ids and back. Safe from several threads.</summary>
public sealed unsafe class LlamaVocabulary
{
    /// <summary>Longest text taken, in UTF-8 bytes: some pre-tokenizers recurse per character.</summary>
    public const int MaxTextBytes = 128 << 10;

    private readonly ModelHandle _model;
    private readonly nint _vocabulary;
    private readonly bool _isSentencePiece;
    private readonly bool _isComposed;

    internal LlamaVocabulary(ModelHandle model, GgufFile file)
    {
        _model = model;
        _vocabulary = NativeMethods.ModelVocabulary(model);
        Size = NativeMethods.VocabularySize(_vocabulary);
        Begin = NativeMethods.VocabularyBegin(_vocabulary) is var begin and >= 0 ? begin : null;
        End = NativeMethods.VocabularyEnd(_vocabulary) is var end and >= 0 ? end : null;
        AddsBegin = NativeMethods.VocabularyAddsBegin(_vocabulary) != 0;
        _isSentencePiece = file.String("tokenizer.ggml.model") == "llama";
        _isComposed = file.String("tokenizer.ggml.pre") == "qwen2";
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
        return Call(() => NativeMethods.VocabularyIsEndOfGeneration(_vocabulary, token) != 0);
    }

    /// <summary>Token ids of a text as it stands.</summary>
    /// <param name="text">Any text; may hold NUL.</param>
    /// <param name="addSpecial">Add begin-of-text where the model wants it.</param>
    /// <param name="parseSpecial">Read control tokens such as <c>&lt;|eot_id|&gt;</c> out of the text: never for text that a user typed.</param>
    /// <exception cref="InvalidInputException">The text is longer than <see cref="MaxTextBytes"/>.</exception>
    public int[] Tokenize(string text, bool addSpecial, bool parseSpecial)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        if (bytes.Length > MaxTextBytes)
            throw new InvalidInputException("text", $"{bytes.Length} bytes", $"at most {MaxTextBytes} are read", "shorten it");
        return Call(() =>
        {
            var tokens = new int[bytes.Length + 16];
            var count = Fill(tokens);
            if (count < 0)
            {
                tokens = new int[-count];
                count = Fill(tokens);
            }

            return tokens[..Math.Max(0, count)];
        });

        int Fill(int[] tokens)
        {
            fixed (byte* source = bytes)
            fixed (int* target = tokens)
            {
                byte none = 0;
                return NativeMethods.Tokenize(_vocabulary, source is null ? &none : source, bytes.Length, target, tokens.Length,
                    (byte)(addSpecial ? 1 : 0), (byte)(parseSpecial ? 1 : 0));
            }
        }
    }

    /// <summary>
    /// A text as the original tokenizer sees it: Qwen2's composes characters (NFC) first, which llama.cpp leaves to its caller; all others take it as it stands.
    /// </summary>
    public string Normalize(string text) => _isComposed ? CanonicalForm.Compose(text) : text;

    /// <summary>Token ids of a text that continues another: without the space that SentencePiece puts before a text.</summary>
    public int[] TokenizeContinuation(string text)
    {
        if (!_isSentencePiece)
            return Tokenize(text, addSpecial: false, parseSpecial: false);
        var prefix = Tokenize("\n", addSpecial: false, parseSpecial: false);
        var whole = Tokenize("\n" + text, addSpecial: false, parseSpecial: false);
        return whole.AsSpan().StartsWith(prefix) ? whole[prefix.Length..] : whole;
    }

    /// <summary>UTF-8 bytes of a sequence; they may end, or begin, inside a character.</summary>
    /// <param name="tokens">Ids of this vocabulary.</param>
    /// <param name="removeSpecial">Leave out begin- and end-of-text where the model adds them.</param>
    /// <param name="unparseSpecial">Write control tokens as text.</param>
    public byte[] Detokenize(ReadOnlySpan<int> tokens, bool removeSpecial = false, bool unparseSpecial = false)
    {
        if (tokens.IsEmpty)
            return [];
        foreach (var token in tokens)
            CheckToken(token);
        var source = tokens.ToArray();
        return Call(() =>
        {
            var bytes = new byte[(source.Length * 16) + 64];
            var count = Fill(bytes);
            if (count < 0)
            {
                bytes = new byte[-count];
                count = Fill(bytes);
            }

            return bytes[..Math.Max(0, count)];
        });

        int Fill(byte[] bytes)
        {
            fixed (int* from = source)
            fixed (byte* to = bytes)
                return NativeMethods.Detokenize(_vocabulary, from, source.Length, to, bytes.Length, (byte)(removeSpecial ? 1 : 0), (byte)(unparseSpecial ? 1 : 0));
        }
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

    internal nint Pointer => _vocabulary;

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
