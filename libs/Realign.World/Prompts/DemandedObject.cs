namespace Realign.World;

/// <summary>What a prompt demands of one kind of object.</summary>
/// <param name="Noun">One of <see cref="Glyphs.Nouns"/>.</param>
/// <param name="Color">Name of one of <see cref="Palette.Colors"/>; null where the prompt does not say.</param>
/// <param name="Count">How many of them, at least 1.</param>
public sealed record DemandedObject(string Noun, string? Color, int Count);
