using Realign.V1;
using Realign.Wire.Tensors;
using SkiaSharp;

namespace Realign.Cli.Pictures;

/// <summary>Where each word looked (DAAM): a row per image, a column per word, hot where its attention was.</summary>
internal static class HeatMapSheet
{
    private const int Tile = 168;
    private const int Gap = 12;
    private const int Label = 30;
    private const int Side = 84;

    private static readonly HashSet<string> Glue = new(["a", "an", "the", "and", "of", "to", "with", "in", "on", ","], StringComparer.OrdinalIgnoreCase);

    /// <summary>The sheet, or null when no map came with the results.</summary>
    /// <param name="results">Name and result of each generating stage.</param>
    public static byte[]? Draw(IReadOnlyList<(string Name, GenerateResult Result)> results)
    {
        var words = results.SelectMany(entry => Maps(entry.Result)).Select(map => map.Word).Distinct().Take(12).ToList();
        if (words.Count == 0)
            return null;
        var width = Side + (words.Count * (Tile + Gap)) + Gap;
        var height = Label + (results.Count * (Tile + Gap)) + Gap;
        return Drawing.Png(width, height, canvas =>
        {
            using var font = Drawing.Font(16, bold: true);
            using var side = Drawing.Font(15);
            for (var column = 0; column < words.Count; column++)
                Drawing.Text(canvas, words[column], Side + (column * (Tile + Gap)) + (Tile / 2f), 22, Tile, font, Palette.Text, SKTextAlign.Center);
            for (var row = 0; row < results.Count; row++)
            {
                var (name, result) = results[row];
                var top = Label + (row * (Tile + Gap));
                Drawing.Text(canvas, name, Gap, top + (Tile / 2f) + 5, Side, side, Palette.Muted);
                using var image = Drawing.Decode(result.Images[0].Png);
                var maps = Maps(result).ToList();
                for (var column = 0; column < words.Count; column++)
                {
                    if (maps.Find(map => map.Word == words[column]) is { } map)
                        DrawTile(canvas, image, map, new SKRect(Side + (column * (Tile + Gap)), top, Side + (column * (Tile + Gap)) + Tile, top + Tile));
                }
            }
        });
    }

    private static IEnumerable<HeatMap> Maps(GenerateResult result) =>
        result.HeatMaps.Where(map => map.ImageIndex == 0 && !Glue.Contains(map.Word) && map.Map is { DataType: DataType.Float32, Shape.Count: 2 });

    private static void DrawTile(SKCanvas canvas, SKBitmap image, HeatMap map, SKRect target)
    {
        Drawing.Image(canvas, image, target);
        var values = TensorReader.Singles("heat_maps.map", map.Map);
        var (height, width) = ((int)map.Map.Shape[0], (int)map.Map.Shape[1]);
        var (low, high) = (float.MaxValue, float.MinValue);
        foreach (var value in values)
            (low, high) = (Math.Min(low, value), Math.Max(high, value));
        using var heat = new SKBitmap(new SKImageInfo(width, height, SKColorType.Rgba8888, SKAlphaType.Unpremul));
        var pixels = new SKColor[width * height];
        for (var i = 0; i < pixels.Length; i++)
        {
            var share = high > low ? (values[i] - low) / (high - low) : 0;
            pixels[i] = Palette.Heat(share).WithAlpha((byte)(110 + (110 * share)));
        }

        heat.Pixels = pixels;
        using var layer = SKImage.FromBitmap(heat);
        canvas.DrawImage(layer, target, new SKSamplingOptions(SKCubicResampler.Mitchell), null);
    }
}
