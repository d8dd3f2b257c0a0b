namespace Realign.Metrics.Oracle;

/// <summary>What the oracle sees in a picture.</summary>
/// <param name="Objects">The objects, best explained first.</param>
/// <param name="Width">Columns of the picture.</param>
/// <param name="Height">Rows of the picture.</param>
public sealed record SceneReading(IReadOnlyList<SeenObject> Objects, int Width, int Height);
