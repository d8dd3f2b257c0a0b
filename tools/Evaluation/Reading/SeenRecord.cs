namespace Realign.Evaluation.Reading;

/// <summary>One object that was seen.</summary>
/// <param name="Noun">What it is.</param>
/// <param name="Color">Its color; null where none is named.</param>
/// <param name="Box">Left, top, right, bottom in pixels.</param>
/// <param name="Score">How sure that is, 0..1.</param>
internal sealed record SeenRecord(string Noun, string? Color, IReadOnlyList<float> Box, float Score);
