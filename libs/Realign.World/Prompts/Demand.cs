namespace Realign.World;

/// <summary>What a picture must show to be right.</summary>
/// <param name="Objects">The objects, in the prompt's order.</param>
/// <param name="Relations">Where they are to each other; indices of <paramref name="Objects"/>.</param>
public sealed record Demand(IReadOnlyList<DemandedObject> Objects, IReadOnlyList<SceneRelation> Relations);
