namespace Realign.World;

/// <summary>A color of the world.</summary>
/// <param name="Name">Its word, e.g. "red".</param>
/// <param name="Value">Its middle shade.</param>
public sealed record PaletteColor(string Name, Rgb Value)
{
    /// <summary>A shade of this color.</summary>
    public Rgb At(float shade) => At(Value, shade);

    /// <summary>A shade of a color c: 0, 0.5, 1 give 0.55 c, c, c + 0.28 (255 - c), linear in between.</summary>
    /// <param name="color">c.</param>
    /// <param name="shade">0 (dark) to 1 (light).</param>
    public static Rgb At(Rgb color, float shade)
    {
        if (shade < 0.5f)
        {
            var part = 0.55f + (0.9f * shade);
            return new Rgb(color.R * part, color.G * part, color.B * part);
        }

        var light = 0.28f * ((2 * shade) - 1);
        return new Rgb(color.R + (light * (255 - color.R)), color.G + (light * (255 - color.G)), color.B + (light * (255 - color.B)));
    }
}
