namespace Realign.Onnx.Files;

/// <summary>A constant tensor of a graph.</summary>
/// <param name="Name">Its name.</param>
/// <param name="DataType">Element type as the format numbers it: 1 = float32, 10 = float16, 16 = bfloat16, 7 = int64.</param>
/// <param name="Shape">Sizes.</param>
/// <param name="LengthBytes">Bytes its values take in memory.</param>
/// <param name="ExternalFile">File beside the graph that holds the values; null = the graph itself.</param>
public sealed record OnnxWeight(string Name, int DataType, IReadOnlyList<long> Shape, long LengthBytes, string? ExternalFile)
{
    /// <summary>Name of the element type.</summary>
    public string TypeName => DataType switch
    {
        1 => "float32",
        2 => "uint8",
        3 => "int8",
        6 => "int32",
        7 => "int64",
        9 => "bool",
        10 => "float16",
        11 => "float64",
        16 => "bfloat16",
        _ => $"type {DataType}",
    };
}
