namespace Realign.Evaluation;

/// <summary>The miniature's world, as <c>models/miniature/README.md</c> describes it.</summary>
internal static class World
{
    public static IReadOnlyList<string> Objects { get; } =
    [
        "car", "bus", "airplane", "sailboat", "bicycle", "cat", "dog", "elephant", "horse", "bird", "fish", "rabbit", "apple", "banana", "chair", "book",
        "umbrella", "house", "tree", "turtle", "guitar", "clock", "duck", "backpack",
    ];

    /// <summary>sRGB of each colour; objects are drawn in shades of it.</summary>
    public static IReadOnlyDictionary<string, (double R, double G, double B)> Colours { get; } = new Dictionary<string, (double, double, double)>
    {
        ["red"] = (214, 40, 40),
        ["orange"] = (242, 140, 40),
        ["yellow"] = (245, 205, 50),
        ["green"] = (60, 160, 70),
        ["blue"] = (45, 95, 205),
        ["purple"] = (125, 60, 170),
        ["pink"] = (245, 130, 180),
        ["brown"] = (120, 75, 40),
        ["black"] = (30, 30, 30),
        ["white"] = (250, 250, 250),
    };

    /// <summary>Living things and fruit in colours that they have nowhere.</summary>
    public static IReadOnlyList<(string Colour, string Object)> Unusual { get; } =
    [
        ("blue", "elephant"), ("green", "cat"), ("purple", "dog"), ("pink", "horse"), ("blue", "banana"), ("purple", "rabbit"), ("black", "apple"),
            ("orange", "elephant"),
        ("pink", "turtle"), ("green", "horse"), ("blue", "tree"), ("purple", "bird"), ("pink", "banana"), ("green", "dog"), ("blue", "duck"),
            ("purple", "fish"),
    ];

    public static string Phrase(string colour, string name) => $"{(colour is "orange" ? "an" : "a")} {colour} {name}";

    /// <summary>The colour whose shades run nearest to a mean colour.</summary>
    /// <remarks>An object's shades are 0.55 c .. c .. c + 0.28 (255 - c): the distance is to that line, not to c alone.</remarks>
    public static string Nearest((double R, double G, double B) mean) => Colours.MinBy(entry => Distance(mean, entry.Value)).Key;

    private static double Distance((double R, double G, double B) mean, (double R, double G, double B) colour)
    {
        var dark = (colour.R * 0.55, colour.G * 0.55, colour.B * 0.55);
        var light = (colour.R + (0.28 * (255 - colour.R)), colour.G + (0.28 * (255 - colour.G)), colour.B + (0.28 * (255 - colour.B)));
        return Math.Min(ToSegment(mean, dark, colour), ToSegment(mean, colour, light));
    }

    private static double ToSegment((double R, double G, double B) point, (double R, double G, double B) from, (double R, double G, double B) to)
    {
        var (x, y, z) = (to.R - from.R, to.G - from.G, to.B - from.B);
        var at = Math.Clamp((((point.R - from.R) * x) + ((point.G - from.G) * y) + ((point.B - from.B) * z)) / Math.Max(1e-9, (x * x) + (y * y) + (z * z)), 0,
            1);
        var (r, g, b) = (point.R - from.R - (at * x), point.G - from.G - (at * y), point.B - from.B - (at * z));
        return Math.Sqrt((r * r) + (g * g) + (b * b));
    }
}
