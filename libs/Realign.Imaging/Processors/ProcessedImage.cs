namespace Realign.Imaging;

/// <summary>A picture as a model takes it.</summary>
/// <param name="PixelValues">3 x Height x Width, channels first, normalized.</param>
/// <param name="Height">Height of the tensor, padding included.</param>
/// <param name="Width">Width of the tensor, padding included.</param>
/// <param name="ContentHeight">Rows of the tensor that are picture, not padding.</param>
/// <param name="ContentWidth">Columns of the tensor that are picture, not padding.</param>
public sealed record ProcessedImage(float[] PixelValues, int Height, int Width, int ContentHeight, int ContentWidth);
