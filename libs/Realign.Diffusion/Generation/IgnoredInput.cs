namespace Realign.Diffusion.Generation;

/// <summary>A value of the request that changed nothing.</summary>
/// <param name="Field">As the caller spells it.</param>
/// <param name="Reason">Why.</param>
public sealed record IgnoredInput(string Field, string Reason);
