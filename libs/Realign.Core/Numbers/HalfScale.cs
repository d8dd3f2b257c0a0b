namespace Realign.Core.Numbers;

/// <summary>
/// Power-of-two scale that keeps small numbers alive in binary16: unscaled halves lose up to 23 % of a small gradient. The largest magnitude
/// lands in (2^14, 2^15], below binary16's 65504, and the small ones stay out of its subnormals as far as they can.
/// </summary>
public static class HalfScale
{
    /// <summary>Smallest and largest exponent: what a float32 can be scaled by without leaving its own normal range.</summary>
    public const int Range = 126;

    private const int LargestExponent = 15;

    /// <summary>Exponent e; numbers are stored as value * 2^e.</summary>
    /// <param name="largest">Largest magnitude; 0 and numbers that are not finite get 0.</param>
    public static int Exponent(double largest)
    {
        if (!(largest > 0) || !double.IsFinite(largest))
            return 0;
        var floor = Math.ILogB(largest);
        var ceiling = Math.ScaleB(1, floor) == largest ? floor : floor + 1;
        return Math.Clamp(LargestExponent - ceiling, -Range, Range);
    }
}
