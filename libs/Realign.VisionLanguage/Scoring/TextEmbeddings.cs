using Realign.VisionLanguage.Generation;

namespace Realign.VisionLanguage.Scoring;

/// <summary>Embedded texts.</summary>
/// <param name="Rows">One row of <paramref name="Dimension"/> numbers per text, of length 1.</param>
/// <param name="Dimension">Width of a row.</param>
/// <param name="Readings">How much of each text was read.</param>
public sealed record TextEmbeddings(float[] Rows, int Dimension, IReadOnlyList<TextReading> Readings);
