namespace Realign.Diffusion.Adapters;

/// <summary>Vectors of an embedding, one a token.</summary>
/// <param name="Count">How many.</param>
/// <param name="Width">Numbers of each.</param>
/// <param name="Values">Vector after vector, all finite.</param>
public sealed record EmbeddingVectors(int Count, int Width, IReadOnlyList<float> Values);
