using Realign.VisionLanguage.Generation;
using static TorchSharp.torch;

namespace Realign.VisionLanguage.Captioning;

/// <summary>What BLIP and BLIP-2 retrieval models are asked for alike.</summary>
internal interface IRetrievalModel : IDisposable
{
    /// <summary>Family for answers, e.g. <c>blip-2-itm</c>.</summary>
    string Family { get; }

    /// <summary>Side of the square input in pixels.</summary>
    int ImageSize { get; }

    /// <summary>Width of the text features.</summary>
    int Dimension { get; }

    /// <summary>Longest text of the original code, its end token included.</summary>
    int MaxTextTokens { get; }

    /// <summary>(B, 3, S, S) normalized pixels -> (B, P, E) image vectors.</summary>
    Tensor EncodeImage(Tensor pixelValues);

    /// <summary>Texts (B, T) -> (B, <see cref="Dimension"/>), rows of length 1.</summary>
    Tensor TextFeatures(TokenBatch texts);

    /// <summary>ITC: cosine of (B, P, E) image vectors and B texts -> (B).</summary>
    Tensor ContrastiveScore(Tensor image, TokenBatch texts);

    /// <summary>ITM: probability of a match of (B, P, E) image vectors and B texts -> (B).</summary>
    Tensor MatchingScore(Tensor image, TokenBatch texts);
}
