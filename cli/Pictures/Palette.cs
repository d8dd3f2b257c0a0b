using SkiaSharp;

namespace Realign.Cli.Pictures;

/// <summary>Colors that tell segments apart, the same in pictures and on the page.</summary>
internal static class Palette
{
    private static readonly string[] Colors = ["#f97316", "#3b82f6", "#22c55e", "#e11d48", "#a855f7", "#eab308", "#14b8a6", "#ec4899"];

    public static readonly SKColor Background = SKColor.Parse("#12151c");
    public static readonly SKColor Text = SKColor.Parse("#eef1f6");
    public static readonly SKColor Muted = SKColor.Parse("#98a2b3");

    public static string Hex(int index) => Colors[index % Colors.Length];

    public static SKColor Of(int index) => SKColor.Parse(Hex(index));

    /// <summary>Dark blue over magenta and orange to pale yellow, for values 0..1.</summary>
    public static SKColor Heat(float value)
    {
        ReadOnlySpan<(float At, byte R, byte G, byte B)> stops = [(0, 8, 6, 32), (0.25f, 84, 15, 110), (0.5f, 187, 55, 84), (0.75f, 249, 142, 9),
            (1, 252, 255, 190)];
        var clamped = float.IsNaN(value) ? 0 : Math.Clamp(value, 0, 1);
        var i = 1;
        while (i < stops.Length - 1 && clamped > stops[i].At)
            i++;
        var (from, to) = (stops[i - 1], stops[i]);
        var share = (clamped - from.At) / (to.At - from.At);
        return new SKColor((byte)(from.R + ((to.R - from.R) * share)), (byte)(from.G + ((to.G - from.G) * share)), (byte)(from.B + ((to.B - from.B) * share)));
    }
}
