namespace Realign.Imaging.Resizing;

/// <summary>
/// Windows and weights of one axis (Pillow, <c>Resample.c precompute_coeffs</c>): the support grows with the scale when shrinking, which is the
/// antialiasing; the weights of a pixel add up to one.
/// </summary>
internal sealed class ResampleWeights
{
    private const int FractionBits = 22;

    private ResampleWeights(int size, int stride)
    {
        First = new int[size];
        Count = new int[size];
        Values = new double[(long)size * stride];
        Stride = stride;
    }

    /// <summary>First source position of each target position.</summary>
    public int[] First { get; }

    /// <summary>Source positions of each target position.</summary>
    public int[] Count { get; }

    /// <summary>Weights, <see cref="Stride"/> apart.</summary>
    public double[] Values { get; }

    /// <summary>Distance between the weights of two target positions.</summary>
    public int Stride { get; }

    /// <param name="source">Size of the source axis.</param>
    /// <param name="from">Start of the sampled range.</param>
    /// <param name="to">End of the sampled range; equal to the start samples one edge.</param>
    /// <param name="target">Size of the target axis.</param>
    /// <param name="filter">Not nearest.</param>
    public static ResampleWeights Create(int source, double from, double to, int target, PillowFilter filter)
    {
        var scale = (to - from) / target;
        var filterScale = Math.Max(scale, 1);
        var support = Support(filter) * filterScale;
        var weights = new ResampleWeights(target, (int)Math.Ceiling(support) * 2 + 1);
        for (var i = 0; i < target; i++)
        {
            var center = from + (i + 0.5) * scale;
            var first = Math.Max((int)(center - support + 0.5), 0);
            var count = Math.Min((int)(center + support + 0.5), source) - first;
            var row = weights.Values.AsSpan(i * weights.Stride, weights.Stride);
            double sum = 0;
            for (var x = 0; x < count; x++)
            {
                row[x] = Weight(filter, (x + first - center + 0.5) * (1.0 / filterScale));
                sum += row[x];
            }

            for (var x = 0; x < count && sum != 0; x++)
                row[x] /= sum;
            weights.First[i] = first;
            weights.Count[i] = count;
        }

        return weights;
    }

    /// <summary>The weights with 22 fractional bits, rounded half away from zero.</summary>
    public int[] FixedPoint() => Array.ConvertAll(Values, value => (int)(value * (1 << FractionBits) + (value < 0 ? -0.5 : 0.5)));

    private static double Support(PillowFilter filter) => filter switch
    {
        PillowFilter.Box => 0.5,
        PillowFilter.Bilinear or PillowFilter.Hamming => 1,
        PillowFilter.Bicubic => 2,
        PillowFilter.Lanczos => 3,
        _ => throw new ArgumentOutOfRangeException(nameof(filter), filter, "has no weights"),
    };

    private static double Weight(PillowFilter filter, double x)
    {
        const double A = -0.5;
        switch (filter)
        {
            case PillowFilter.Box:
                return x is > -0.5 and <= 0.5 ? 1 : 0;
            case PillowFilter.Lanczos:
                return x is >= -3 and < 3 ? Sinc(x) * Sinc(x / 3) : 0;
        }

        x = Math.Abs(x);
        return filter switch
        {
            PillowFilter.Bilinear => x < 1 ? 1 - x : 0,
            PillowFilter.Hamming => x == 0 ? 1 : x >= 1 ? 0 : Math.Sin(x * Math.PI) / (x * Math.PI) * (0.54 + 0.46 * Math.Cos(x * Math.PI)),
            _ => x < 1 ? ((A + 2) * x - (A + 3)) * x * x + 1 : x < 2 ? (((x - 5) * x + 8) * x - 4) * A : 0,
        };
    }

    private static double Sinc(double x)
    {
        if (x == 0)
            return 1;
        x *= Math.PI;
        return Math.Sin(x) / x;
    }
}
