namespace Realign.World;

/// <summary>What a picture of the world shows, and how.</summary>
/// <param name="Objects">The objects; later ones hide earlier ones.</param>
/// <param name="Background">Plain color behind them.</param>
/// <param name="Relation">Where the first is, seen from the second; null where that is not said.</param>
public sealed record Scene(IReadOnlyList<SceneObject> Objects, Rgb Background, SceneRelation? Relation = null);
