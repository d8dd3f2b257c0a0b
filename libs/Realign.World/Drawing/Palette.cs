namespace Realign.World;

/// <summary>The ten colors of the embedded world.</summary>
public static class Palette
{
    /// <summary>Red, orange, yellow, green, blue, purple, pink, brown, black, white.</summary>
    public static IReadOnlyList<PaletteColor> Colors { get; } =
    [
        new("red", new Rgb(214, 40, 40)),
        new("orange", new Rgb(242, 140, 40)),
        new("yellow", new Rgb(245, 205, 50)),
        new("green", new Rgb(60, 160, 70)),
        new("blue", new Rgb(45, 95, 205)),
        new("purple", new Rgb(125, 60, 170)),
        new("pink", new Rgb(245, 130, 180)),
        new("brown", new Rgb(120, 75, 40)),
        new("black", new Rgb(30, 30, 30)),
        new("white", new Rgb(250, 250, 250)),
    ];

    /// <summary>The color of a word.</summary>
    /// <exception cref="KeyNotFoundException">The world has no such color.</exception>
    public static PaletteColor Of(string name) => Colors.FirstOrDefault(color => color.Name == name)
        ?? throw new KeyNotFoundException($"the world has no {name}; it has {string.Join(", ", Colors.Select(color => color.Name))}");
}
