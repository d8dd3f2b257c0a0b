namespace Realign.Diffusion.Lora;

/// <summary>An adapter by name, and the factor on it.</summary>
/// <param name="Name">As <see cref="AdapterFolder"/> knows it.</param>
/// <param name="Strength">Factor on all its layers; 1 = as trained.</param>
public sealed record AdapterChoice(string Name, double Strength);
