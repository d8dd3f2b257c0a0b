using Realign.Rewards;
using Realign.V1;
using Realign.VisionLanguage.Scoring;
using Realign.Wire.Tensors;

namespace Realign.Captioner.Requests;

/// <summary>Embedded texts as the tensor of an answer.</summary>
internal static class EmbeddingMessage
{
    /// <summary>FLOAT32 [texts, dimension].</summary>
    /// <exception cref="Core.Errors.FailedPreconditionException">A number is not finite; the text is named.</exception>
    public static Tensor Of(TextEmbeddings embedded)
    {
        for (var i = 0; i < embedded.Readings.Count; i++)
            FiniteReward.CheckEmbedding(embedded.Rows.AsSpan(i * embedded.Dimension, embedded.Dimension), $"texts[{i}]");
        return TensorWriter.Singles(embedded.Rows, embedded.Readings.Count, embedded.Dimension);
    }
}
