using Realign.Onnx;

namespace Realign.Grounding.Sam;

/// <summary>An image that was encoded once and can be asked about many prompts.</summary>
/// <param name="Embeddings">image_embeddings.</param>
/// <param name="Positions">image_positional_embeddings; null when the encoder has none (official decoder).</param>
/// <param name="Original">Size of the image in pixels.</param>
/// <param name="Resized">Size of the image inside the padded input.</param>
internal sealed record SamImage(OnnxTensor Embeddings, OnnxTensor? Positions, (int Width, int Height) Original, (int Width, int Height) Resized)
{
    /// <summary>x and y of the original image in the encoder's frame; the graphs add the half pixel themselves.</summary>
    public (float X, float Y) Scale(float x, float y) =>
        ((float)(x * ((double)Resized.Width / Original.Width)), (float)(y * ((double)Resized.Height / Original.Height)));
}
