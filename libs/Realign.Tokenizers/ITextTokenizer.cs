namespace Realign.Tokenizers;

/// <summary>Text to token ids and back, as the published tokenizer of a model does it. Thread-safe.</summary>
public interface ITextTokenizer
{
    /// <summary>Ids of a text, with the begin and end tokens that the model expects, never truncated.</summary>
    /// <param name="text">Any text; lone surrogates count as U+FFFD.</param>
    int[] Encode(string text);

    /// <summary>Text of ids.</summary>
    /// <param name="ids">Ids from 0 to the vocabulary size.</param>
    /// <param name="skipSpecialTokens">Leaves the special tokens out of the text.</param>
    /// <exception cref="Realign.Core.Errors.InvalidInputException">An id is outside the vocabulary.</exception>
    string Decode(ReadOnlySpan<int> ids, bool skipSpecialTokens);
}
