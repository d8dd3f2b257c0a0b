namespace Realign.World;

/// <summary>An icon of the world without its colour: <see cref="Glyphs.Side"/> rows and columns.</summary>
public sealed class Glyph
{
    // 0.15 of the range of luminance
    private const float LeastSpread = 0.15f * 255;

    private readonly float[] _alpha;
    private readonly float[] _shade;

    /// <summary>
    /// Makes a glyph of its bytes: luminance is stretched between its 5th and 95th percentile inside the alpha, at least 0.15 of the range wide.
    /// </summary>
    internal Glyph(string noun, ReadOnlySpan<byte> luminance, ReadOnlySpan<byte> alpha)
    {
        Noun = noun;
        (_alpha, _shade) = (new float[alpha.Length], new float[alpha.Length]);
        var inside = new List<byte>();
        for (var i = 0; i < alpha.Length; i++)
        {
            if (alpha[i] >= 128)
                inside.Add(luminance[i]);
        }

        inside.Sort();
        float low = inside[(int)Math.Round(0.05 * (inside.Count - 1))];
        var spread = Math.Max(LeastSpread, inside[(int)Math.Round(0.95 * (inside.Count - 1))] - low);
        for (var i = 0; i < alpha.Length; i++)
        {
            _alpha[i] = alpha[i] / 255f;
            _shade[i] = Math.Clamp((luminance[i] - low) / spread, 0, 1);
        }
    }

    /// <summary>What it shows, e.g. "car".</summary>
    public string Noun { get; }

    /// <summary>Coverage, 0..1, row-major.</summary>
    public ReadOnlySpan<float> Alpha => _alpha;

    /// <summary>Place of each pixel between the icon's darkest and lightest parts, 0..1, as <see cref="PaletteColor.At(float)"/> takes it; row-major.</summary>
    public ReadOnlySpan<float> Shade => _shade;
}
