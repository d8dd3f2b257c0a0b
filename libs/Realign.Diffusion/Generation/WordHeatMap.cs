namespace Realign.Diffusion.Generation;

/// <summary>Where in an image a word was looked at.</summary>
/// <param name="ImageIndex">Image of the call.</param>
/// <param name="Word">As the tokenizer spells it.</param>
/// <param name="Columns">Its tokens' columns of the text states.</param>
/// <param name="Height">Rows of the latents.</param>
/// <param name="Width">Columns of the latents.</param>
/// <param name="Values">Height * Width, row-major, at least 0.</param>
public sealed record WordHeatMap(int ImageIndex, string Word, IReadOnlyList<int> Columns, int Height, int Width, float[] Values);
