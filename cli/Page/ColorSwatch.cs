using System.Drawing;

namespace Realign.Cli.Page;

/// <summary>The color that a word names, for the eye.</summary>
internal static class ColorSwatch
{
    /// <summary>A swatch where the word is one of the named colors of CSS ("light blue" is lightblue); else nothing.</summary>
    public static string Of(string word)
    {
        var name = word.Replace(" ", "", StringComparison.Ordinal).Replace("grey", "gray", StringComparison.OrdinalIgnoreCase);
        var color = Color.FromName(name);
        // system colors ("window") and transparent are names without a color of their own
        return color.IsKnownColor && !color.IsSystemColor && color.A == byte.MaxValue
            ? FormattableString.Invariant($"""<i class="swatch" style="background:#{color.R:x2}{color.G:x2}{color.B:x2}"></i>""")
            : "";
    }
}
