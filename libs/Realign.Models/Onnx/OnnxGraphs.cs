using Realign.Onnx;
using Realign.Onnx.Files;

namespace Realign.Models.Onnx;

/// <summary>Which of the exports in circulation a graph is.</summary>
internal static class OnnxGraphs
{
    public const string Dino = "Grounding DINO";
    public const string Tagger = "tagger";
    public const string SamEncoder = "SAM image encoder";
    public const string SamDecoder = "SAM mask decoder";
    public const string SamPoints = SamDecoder + ", points";

    /// <summary>What a graph is for; null = unknown.</summary>
    public static string? Role(OnnxGraphFile graph)
    {
        bool Takes(string name) => graph.Inputs.Any(input => input.Name == name);
        bool Gives(string name) => graph.Outputs.Any(output => output.Name == name);
        if (Takes("input_ids") && Gives("logits") && ((Takes("pixel_values") && Gives("pred_boxes")) || (Takes("img") && Gives("boxes"))))
            return Dino;
        if (Takes("pixel_values") && Gives("image_embeddings"))
            return SamEncoder;
        if (Takes("image_embeddings") && Takes("point_coords") && Gives("low_res_masks"))
            return SamDecoder + ", one prompt a run (segment-anything repository)";
        if (Takes("image_embeddings") && Gives("pred_masks"))
            return Takes("input_boxes") ? SamDecoder + (Takes("input_points") ? ", points and boxes" : ", boxes") : SamPoints;
        return graph.Inputs.Count(input => input.Rank == 4 && IsFloat(input)) == 1 && Scores(graph) is not null ? Tagger : null;
    }

    /// <summary>The only float output of rank 2; null = there is none, or several.</summary>
    public static OnnxValueInfo? Scores(OnnxGraphFile graph)
    {
        var candidates = graph.Outputs.Where(output => output.Rank == 2 && IsFloat(output)).ToList();
        return candidates.Count == 1 ? candidates[0] : null;
    }

    /// <summary>Bytes of one number of a float constant; 0 = it is none.</summary>
    public static int FloatBytes(OnnxWeight weight) => weight.TypeName switch
    {
        "float32" => 4,
        "float16" or "bfloat16" => 2,
        "float64" => 8,
        _ => 0,
    };

    private static bool IsFloat(OnnxValueInfo value) => value.ElementType is OnnxElementType.Float32 or OnnxElementType.Float16;
}
