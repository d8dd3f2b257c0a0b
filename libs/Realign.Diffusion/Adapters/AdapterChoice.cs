namespace Realign.Diffusion.Adapters;

/// <summary>An adapter by name, and how strong it is.</summary>
/// <param name="Name">As <see cref="AdapterFolder"/> knows it.</param>
/// <param name="Strengths">Factors on its layers.</param>
public sealed record AdapterChoice(string Name, AdapterStrengths Strengths);
