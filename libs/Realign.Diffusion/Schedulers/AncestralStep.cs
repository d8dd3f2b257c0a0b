namespace Realign.Diffusion.Schedulers;

/// <summary>A step that goes lower than wanted and comes up again with fresh noise.</summary>
/// <param name="Down">Level that is computed to.</param>
/// <param name="Up">Noise that leads from there to the level that is wanted.</param>
internal readonly record struct AncestralStep(double Down, double Up)
{
    /// <summary>The whole variance of the reverse process (eta = 1).</summary>
    public static AncestralStep Between(double from, double to)
    {
        var up = Math.Min(to, Math.Sqrt(to * to * ((from * from) - (to * to)) / (from * from)));
        return new AncestralStep(Math.Sqrt(Math.Max(0, (to * to) - (up * up))), up);
    }
}
