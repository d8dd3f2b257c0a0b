using System.Text;
using System.Text.Json;
using Realign.Core.Errors;
using Realign.Core.Files;

namespace Realign.Imaging;

/// <summary>A published <c>preprocessor_config.json</c>, in the old spelling (integer sizes) and in the new one (named edges).</summary>
public sealed record ImageProcessorConfig
{
    /// <summary>How the size is chosen; null = the picture is not resized.</summary>
    public ResizeRule? Rule { get; init; }

    /// <summary>Height, or the length of the named edge, in pixels.</summary>
    public int Size { get; init; }

    /// <summary>Width (<see cref="ResizeRule.Exact"/>) or limit of the longer edge, in pixels.</summary>
    public int SecondSize { get; init; }

    /// <summary>The resampling filter.</summary>
    public PillowFilter Resample { get; init; } = PillowFilter.Bicubic;

    /// <summary>Height and width of the center crop; null = none.</summary>
    public (int Height, int Width)? Crop { get; init; }

    /// <summary>Factor from bytes to numbers, normally 1/255.</summary>
    public double RescaleFactor { get; init; } = 1.0 / 255;

    /// <summary>Subtracted from each channel after scaling.</summary>
    public IReadOnlyList<double> Mean { get; init; } = [0, 0, 0];

    /// <summary>Divides each channel after subtraction.</summary>
    public IReadOnlyList<double> Std { get; init; } = [1, 1, 1];

    /// <summary>Height and width that the normalized picture is padded to with zeros at the right and bottom; null = none.</summary>
    public (int Height, int Width)? Pad { get; init; }

    /// <summary>
    /// Reads the file of a model folder, or the <c>image_processor</c> of the <c>processor_config.json</c> that transformers 5 writes instead.
    /// </summary>
    /// <exception cref="ModelLoadException">The file is missing or a field has a value that is not understood.</exception>
    public static ImageProcessorConfig Load(string folder)
    {
        var path = Directory.Exists(folder) ? Path.Combine(folder, "preprocessor_config.json") : folder;
        var joint = Path.Combine(folder, "processor_config.json");
        return !ModelFile.Exists(path) && ModelFile.Exists(joint) && PartOf(joint) is { } part
            ? Parse(part, joint)
            : Parse(Encoding.UTF8.GetString(ModelText.Read(path)), path);
    }

    /// <summary>Reads the text of the file.</summary>
    /// <param name="json">The text.</param>
    /// <param name="path">For messages.</param>
    /// <exception cref="ModelLoadException">A field has a value that is not understood.</exception>
    public static ImageProcessorConfig Parse(string json, string path = "preprocessor_config.json")
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                throw new JsonException("not a JSON object");
            return new ImageProcessorConfigReader(document.RootElement, path).Read();
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or FormatException)
        {
            throw new ModelLoadException(path, $"is not a preprocessor file ({exception.Message})", "download the preprocessor file of this model again",
                exception);
        }
    }

    private static string? PartOf(string path)
    {
        try
        {
            using var document = JsonDocument.Parse(ModelText.Read(path));
            return document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty("image_processor", out var part)
                ? part.GetRawText()
                : null;
        }
        catch (JsonException exception)
        {
            throw new ModelLoadException(path, $"is not a processor file ({exception.Message})", "download it again", exception);
        }
    }
}
