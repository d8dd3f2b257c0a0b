using System.IO.Compression;

namespace Realign.World;

/// <summary>
/// The 24 classes of objects of the embedded world: Fluent Emoji flat (Microsoft, MIT), as luminance and alpha.
/// The data is made by <c>tools/glyphs</c>.
/// </summary>
public static class Glyphs
{
    /// <summary>Rows and columns of a glyph.</summary>
    public const int Side = 96;

    private static readonly Dictionary<string, string> Irregular = new(StringComparer.Ordinal) { ["bus"] = "buses", ["fish"] = "fish" };
    private static readonly Lazy<IReadOnlyList<Glyph>> Loaded = new(Load);

    /// <summary>Names of the classes, in the order of the data.</summary>
    public static IReadOnlyList<string> Nouns { get; } =
    [
        "car", "bus", "airplane", "sailboat", "bicycle", "cat", "dog", "elephant", "horse", "bird", "fish", "rabbit", "apple", "banana", "chair", "book",
        "umbrella", "house", "tree", "turtle", "guitar", "clock", "duck", "backpack",
    ];

    /// <summary>The glyphs, in the order of <see cref="Nouns"/>.</summary>
    public static IReadOnlyList<Glyph> All => Loaded.Value;

    /// <summary>The glyph of a noun.</summary>
    /// <exception cref="KeyNotFoundException">The world has no such object.</exception>
    public static Glyph Of(string noun) =>
        All.FirstOrDefault(glyph => glyph.Noun == noun) ?? throw new KeyNotFoundException($"the world has no {noun}; it has {string.Join(", ", Nouns)}");

    /// <summary>The plural of a noun, e.g. "buses".</summary>
    public static string Plural(string noun) => Irregular.GetValueOrDefault(noun, noun + "s");

    private static IReadOnlyList<Glyph> Load()
    {
        using var stream = typeof(Glyphs).Assembly.GetManifestResourceStream("glyphs.bin")!;
        using var inflated = new DeflateStream(stream, CompressionMode.Decompress);
        var (luminance, alpha) = (new byte[Side * Side], new byte[Side * Side]);
        return [.. Nouns.Select(noun =>
        {
            inflated.ReadExactly(luminance);
            inflated.ReadExactly(alpha);
            return new Glyph(noun, luminance, alpha);
        })];
    }
}
