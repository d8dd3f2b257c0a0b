namespace Realign.Grounding.GroundingDino;

/// <summary>What the detector says about one image.</summary>
/// <param name="Logits">Queries * columns values, before the sigmoid; columns of padding are -infinity.</param>
/// <param name="Boxes">Queries * 4: center and size as fractions of the image without padding.</param>
/// <param name="Queries">Number of proposals.</param>
/// <param name="Columns">Width of the logits, 256 in the published models.</param>
public sealed record DinoOutput(float[] Logits, float[] Boxes, int Queries, int Columns);
