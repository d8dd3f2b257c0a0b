using static TorchSharp.torch;

namespace Realign.VisionLanguage.Generation;

/// <summary>A language model in the middle of one text: what greedy and beam search need of it. Disposing frees its cache.</summary>
internal interface ITokenDecoder : IDisposable
{
    /// <summary>Id that ends the text.</summary>
    int EndTokenId { get; }

    /// <summary>Ids before the first generated one that a repetition penalty counts.</summary>
    IReadOnlyList<int> ContextIds { get; }

    /// <summary>Tokens that fit after the prompt.</summary>
    int Capacity { get; }

    /// <summary>Reads the prompt; logits of the first new token, (1, vocabulary).</summary>
    Tensor Start();

    /// <summary>Reads one more token per row; logits of the next, (rows, vocabulary).</summary>
    Tensor Next(ReadOnlySpan<long> tokens);

    /// <summary>Row i becomes a copy of row <paramref name="parents"/>[i]; also changes the number of rows.</summary>
    void Reorder(ReadOnlySpan<long> parents);
}
