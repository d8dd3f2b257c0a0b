using System.Text.Json;
using Realign.Core.Configs;
using Realign.Core.Errors;
using Realign.Core.Files;
using Realign.Core.Images;

namespace Realign.Grounding.Images;

/// <summary>The part of a <c>preprocessor_config.json</c> that turns bytes into a network's input.</summary>
/// <param name="Mean">Mean of each channel.</param>
/// <param name="Std">Standard deviation of each channel.</param>
/// <param name="RescaleFactor">What bytes are multiplied by, usually 1/255.</param>
/// <param name="Size">The <c>size</c> object by its keys: height and width, shortest_edge and longest_edge, or longest_edge.</param>
public sealed record ImageNormalization(
    IReadOnlyList<float> Mean, IReadOnlyList<float> Std, double RescaleFactor, IReadOnlyDictionary<string, int> Size)
{
    /// <summary>Mean and deviation of ImageNet, 1/255, no size.</summary>
    public static ImageNormalization ImageNet { get; } =
        new([0.485f, 0.456f, 0.406f], [0.229f, 0.224f, 0.225f], 1 / 255.0, new Dictionary<string, int>());

    /// <summary>Reads <c>preprocessor_config.json</c> of a folder; <see cref="ImageNet"/> when there is none.</summary>
    /// <exception cref="ModelLoadException">The file is there and not usable.</exception>
    public static ImageNormalization Load(string folder)
    {
        var path = Path.Combine(folder, "preprocessor_config.json");
        if (!ModelFile.Exists(path))
            return ImageNet;
        try
        {
            using var document = StrictJson.Parse(ModelText.Read(path));
            var root = document.RootElement;
            var mean = Numbers(root, "image_mean") ?? ImageNet.Mean;
            var std = Numbers(root, "image_std") ?? ImageNet.Std;
            var factor = root.TryGetProperty("rescale_factor", out var value) ? value.GetDouble() : ImageNet.RescaleFactor;
            var size = root.TryGetProperty("size", out var sizes)
                ? sizes.EnumerateObject().Where(item => item.Value.ValueKind == JsonValueKind.Number).ToDictionary(item => item.Name, item =>
                    item.Value.GetInt32())
                : [];
            List<string> problems = [];
            if (mean.Count != 3 || std.Count != 3 || std.Any(item => item == 0))
                problems.Add("image_mean and image_std need three numbers, and no deviation of 0");
            if (root.TryGetProperty("resample", out var resample) && resample.GetInt32() != 2)
                problems.Add($"resample = {resample}: only 2 (bilinear) is used by this family");
            if (size.Values.Any(item => item is < 1 or > 8192))
                problems.Add($"size = {sizes}: every edge is 1 to 8192");
            return problems.Count == 0
                ? new ImageNormalization(mean, std, factor, size)
                : throw new ModelLoadException(path, problems, "use the file the model was published with");
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or FormatException)
        {
            throw new ModelLoadException(path, $"not a preprocessor configuration ({exception.Message})", "use the file the model was published with",
                exception);
        }
    }

    /// <summary>Channels-first floats, (value * factor - mean) / std, on a plane that may be wider and higher; the rest stays 0.</summary>
    /// <param name="image">The resized image.</param>
    /// <param name="planeWidth">Width of the plane, at least the image's.</param>
    /// <param name="planeHeight">Height of the plane, at least the image's.</param>
    /// <returns>3 * planeHeight * planeWidth values.</returns>
    public float[] Apply(RgbImage image, int planeWidth, int planeHeight)
    {
        ArgumentNullException.ThrowIfNull(image);
        ArgumentOutOfRangeException.ThrowIfLessThan(planeWidth, image.Width);
        ArgumentOutOfRangeException.ThrowIfLessThan(planeHeight, image.Height);
        var plane = planeWidth * planeHeight;
        var values = new float[3 * plane];
        Span<float> table = stackalloc float[256];
        for (var channel = 0; channel < 3; channel++)
        {
            for (var value = 0; value < 256; value++)
                table[value] = ((float)(value * RescaleFactor) - Mean[channel]) / Std[channel];
            for (var y = 0; y < image.Height; y++)
            {
                for (var x = 0; x < image.Width; x++)
                    values[(channel * plane) + (y * planeWidth) + x] = table[image.Pixels[(((y * image.Width) + x) * 3) + channel]];
            }
        }

        return values;
    }

    private static float[]? Numbers(JsonElement root, string name) =>
        root.TryGetProperty(name, out var list) ? [.. list.EnumerateArray().Select(item => item.GetSingle())] : null;
}
