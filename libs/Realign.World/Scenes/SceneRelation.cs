namespace Realign.World;

/// <summary>A relation between two objects of a scene or a prompt.</summary>
/// <param name="Subject">Index of the object that is somewhere.</param>
/// <param name="Relation">Where.</param>
/// <param name="Reference">Index of the object it is seen from.</param>
public readonly record struct SceneRelation(int Subject, Relation Relation, int Reference);
