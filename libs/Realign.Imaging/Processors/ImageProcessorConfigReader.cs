using System.Text.Json;
using Realign.Core.Errors;

namespace Realign.Imaging;

/// <summary>Maps the spellings in circulation to one config.</summary>
internal sealed class ImageProcessorConfigReader(JsonElement root, string path)
{
    // far above any published processor; keeps a wrong file from asking for gigabytes
    private const int MaxEdge = 8192;

    public ImageProcessorConfig Read()
    {
        var type = Text("image_processor_type") ?? Text("feature_extractor_type") ?? "";
        var config = new ImageProcessorConfig
        {
            Resample = Resample(),
            Crop = Flag("do_center_crop") ? HeightWidth("crop_size") : null,
            RescaleFactor = Flag("do_rescale", true) ? Number("rescale_factor") ?? 1.0 / 255 : 1,
            Mean = Flag("do_normalize", true) ? Channels("image_mean") : [0, 0, 0],
            Std = Flag("do_normalize", true) ? Channels("image_std") : [1, 1, 1],
            Pad = Flag("do_pad") && Property("pad_size") is not null ? HeightWidth("pad_size") : null,
        };
        return Flag("do_resize", true) ? WithSize(config, type) : config;
    }

    private ImageProcessorConfig WithSize(ImageProcessorConfig config, string type)
    {
        if (Property("size") is not { } size)
            throw Bad("size", "is missing");
        if (size.ValueKind == JsonValueKind.Number)
        {
            // the old spelling means the shorter edge in CLIP and a square everywhere else
            var edge = Edge(size, "size");
            return type.StartsWith("CLIP", StringComparison.Ordinal)
                ? config with { Rule = ResizeRule.ShortestEdge, Size = edge }
                : config with { Rule = ResizeRule.Exact, Size = edge, SecondSize = edge };
        }

        if (size.ValueKind != JsonValueKind.Object)
            throw Bad("size", $"is {size.GetRawText()}");
        var shortest = EdgeOf(size, "shortest_edge");
        var longest = EdgeOf(size, "longest_edge");
        return (shortest, longest, EdgeOf(size, "height"), EdgeOf(size, "width")) switch
        {
            (null, null, { } height, { } width) => config with { Rule = ResizeRule.Exact, Size = height, SecondSize = width },
            ({ } edge, null, null, null) => config with { Rule = ResizeRule.ShortestEdge, Size = edge },
            ({ } edge, { } limit, null, null) => config with { Rule = ResizeRule.ShortestEdgeWithLimit, Size = edge, SecondSize = limit },
            (null, { } edge, null, null) => config with { Rule = ResizeRule.LongestEdge, Size = edge },
            _ => throw Bad("size", $"is {size.GetRawText()}"),
        };
    }

    private PillowFilter Resample()
    {
        if (Property("resample") is not { } resample)
            return PillowFilter.Bicubic;
        return resample.ValueKind == JsonValueKind.Number && resample.TryGetInt32(out var value) && Enum.IsDefined((PillowFilter)value)
            ? (PillowFilter)value
            : throw Bad("resample", $"is {resample.GetRawText()}, not 0 to 5");
    }

    private (int Height, int Width) HeightWidth(string name)
    {
        if (Property(name) is not { } size)
            throw Bad(name, "is missing");
        if (size.ValueKind == JsonValueKind.Number)
            return (Edge(size, name), Edge(size, name));
        return (EdgeOf(size, "height"), EdgeOf(size, "width")) is ({ } height, { } width) ? (height, width) : throw Bad(name, $"is {size.GetRawText()}");
    }

    private double[] Channels(string name)
    {
        if (Property(name) is not { ValueKind: JsonValueKind.Array } list || list.GetArrayLength() != 3)
            throw Bad(name, "is not a list of three numbers");
        double[] values = [.. list.EnumerateArray().Select(item => item.GetDouble())];
        return Array.TrueForAll(values, double.IsFinite) && (name != "image_std" || Array.TrueForAll(values, value => value > 0))
            ? values
            : throw Bad(name, $"is {list.GetRawText()}");
    }

    private int? EdgeOf(JsonElement size, string name) => size.ValueKind == JsonValueKind.Object && size.TryGetProperty(name, out var edge)
        && edge.ValueKind != JsonValueKind.Null ? Edge(edge, name) : null;

    private int Edge(JsonElement value, string name) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var edge) && edge is >= 1 and <= MaxEdge
            ? edge
            : throw Bad(name, $"is {value.GetRawText()}, not 1 to {MaxEdge}");

    private JsonElement? Property(string name) => root.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    private bool Flag(string name, bool absent = false) => Property(name)?.GetBoolean() ?? absent;

    private double? Number(string name) => Property(name)?.GetDouble();

    private string? Text(string name) => Property(name)?.GetString();

    private ModelLoadException Bad(string field, string problem) => new(path, $"{field} {problem}", "download the preprocessor file of this model again");
}
