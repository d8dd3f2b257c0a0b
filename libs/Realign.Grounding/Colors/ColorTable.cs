using System.Globalization;
using System.Numerics;
using System.Text.Json;
using Realign.Core.Configs;
using Realign.Core.Errors;
using Realign.Core.Files;
using Realign.Core.Images;
using Realign.Grounding.Masks;

namespace Realign.Grounding.Colors;

/// <summary>
/// The colors of a world whose objects are drawn in shades of one color each, from <c>colors.json</c>: <c>{"shades": {"dark": 0.55, "light": 0.28},
/// "colors": {"red": [214, 40, 40], ...}}</c>. An object of color c has the shades dark * c .. c .. c + light * (255 - c).
/// </summary>
public sealed class ColorTable
{
    /// <summary>Name of the file.</summary>
    public const string FileName = "colors.json";

    /// <summary>Most colors of a table.</summary>
    public const int MaxColors = 64;

    private const int MaxNameLength = 64;
    private const long MaxFileBytes = 64 << 10;
    private const string WayOut = "restore it, or remove it: without it no colors are named";

    private readonly IReadOnlyList<ColorLine> _lines;

    private ColorTable(IReadOnlyList<ColorLine> lines) => _lines = lines;

    /// <summary>The colors, in the order of the file.</summary>
    public IEnumerable<string> Names => _lines.Select(line => line.Name);

    /// <summary>The table of a mask model: in its folder, or in the folder around it; null when there is none.</summary>
    /// <param name="modelFolder">Snapshot folder of the mask model.</param>
    /// <exception cref="ModelLoadException">The file is not of the form above; lists every problem.</exception>
    public static ColorTable? Find(string modelFolder)
    {
        var folder = Path.TrimEndingDirectorySeparator(Path.GetFullPath(modelFolder));
        var path = new[] { folder, Path.GetDirectoryName(folder) }.OfType<string>().Select(place => Path.Combine(place, FileName))
            .FirstOrDefault(ModelFile.Exists);
        return path is null ? null : Load(path);
    }

    /// <summary>Reads a file.</summary>
    /// <exception cref="ModelLoadException">It is not of the form above; lists every problem.</exception>
    public static ColorTable Load(string path)
    {
        try
        {
            using var document = StrictJson.Parse(ModelText.Read(path, MaxFileBytes));
            var problems = new List<string>();
            var lines = Read(document.RootElement, problems);
            return problems.Count == 0 ? new ColorTable(lines) : throw new ModelLoadException(path, problems, WayOut);
        }
        catch (JsonException exception)
        {
            throw new ModelLoadException(path, $"it is not JSON: {exception.Message}", WayOut, exception);
        }
    }

    /// <summary>
    /// Gives each pixel inside a mask to the color whose shades run nearest to it. The mask's edge, where the object mixes with what is behind it, is
    /// left out where enough remains.
    /// </summary>
    /// <param name="image">The image.</param>
    /// <param name="mask">Of the image's size.</param>
    /// <returns>The colors that have any pixels, the largest share first, of equals the earlier in the file; empty for an empty mask.</returns>
    public IReadOnlyList<ColorShare> Shares(RgbImage image, BinaryMask mask)
    {
        ArgumentNullException.ThrowIfNull(image);
        ArgumentNullException.ThrowIfNull(mask);
        if (mask.Width != image.Width || mask.Height != image.Height)
            throw new ArgumentException($"a {mask.Width}x{mask.Height} mask for {image.Width}x{image.Height} pixels", nameof(mask));
        var inside = MaskGeometry.WithoutEdge(mask);
        var counts = new int[_lines.Count];
        for (var i = 0; i < inside.Cells.Length; i++)
        {
            if (inside.Cells[i] != 0)
                counts[Nearest(new Vector3(image.Pixels[3 * i], image.Pixels[(3 * i) + 1], image.Pixels[(3 * i) + 2]))]++;
        }

        var area = counts.Sum();
        return [.. _lines.Select((line, index) => new ColorShare(line.Name, (float)counts[index] / Math.Max(1, area)))
            .Where(color => color.Share > 0).OrderByDescending(color => color.Share)];
    }

    private int Nearest(Vector3 pixel)
    {
        var (nearest, least) = (0, float.MaxValue);
        for (var i = 0; i < _lines.Count; i++)
        {
            var distance = _lines[i].SquaredDistance(pixel);
            if (distance < least)
                (nearest, least) = (i, distance);
        }

        return nearest;
    }

    private static List<ColorLine> Read(JsonElement root, List<string> problems)
    {
        var shades = Property(root, "shades", problems);
        var (dark, light) = (Factor(shades, "dark", problems), Factor(shades, "light", problems));
        var colors = Property(root, "colors", problems);
        if (root.ValueKind == JsonValueKind.Object)
            problems.AddRange(root.EnumerateObject().Where(item => item.Name is not ("shades" or "colors")).Select(item => $"'{item.Name}' is not known"));
        if (colors is not { ValueKind: JsonValueKind.Object } named)
            return [];
        var lines = new List<ColorLine>();
        foreach (var item in named.EnumerateObject())
        {
            if (item.Name.Trim() != item.Name || item.Name.Length is 0 or > MaxNameLength || item.Name.Any(char.IsControl))
                problems.Add($"colors: '{item.Name}' is no name of 1 to {MaxNameLength} characters without blanks around it");
            else if (lines.Exists(line => line.Name == item.Name))
                problems.Add($"colors.{item.Name} is there twice");
            else if (Color(item.Value) is { } color)
                lines.Add(new ColorLine(item.Name, dark * color, color, color + (light * (new Vector3(255) - color))));
            else
                problems.Add($"colors.{item.Name} is not [red, green, blue] with whole numbers 0..255");
        }

        if (problems.Count == 0 && lines.Count is 0 or > MaxColors)
            problems.Add(string.Create(CultureInfo.InvariantCulture, $"colors: {lines.Count} are there, 1 to {MaxColors} are possible"));
        return lines;
    }

    private static JsonElement? Property(JsonElement root, string name, List<string> problems)
    {
        if (root.ValueKind == JsonValueKind.Object && root.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Object)
            return value;
        problems.Add($"'{name}' is missing, or no object");
        return null;
    }

    private static float Factor(JsonElement? shades, string name, List<string> problems)
    {
        if (shades is not { } element)
            return 0;
        if (element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetSingle(out var factor)
            && factor is >= 0 and <= 1)
            return factor;
        problems.Add($"shades.{name} is missing, or no number 0..1");
        return 0;
    }

    private static Vector3? Color(JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.Array || value.GetArrayLength() != 3)
            return null;
        var parts = value.EnumerateArray().Select(part =>
            part.ValueKind == JsonValueKind.Number && part.TryGetInt32(out var number) && number is >= 0 and <= 255 ? number : -1).ToList();
        return parts.Contains(-1) ? null : new Vector3(parts[0], parts[1], parts[2]);
    }
}
