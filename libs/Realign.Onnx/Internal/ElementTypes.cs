using Microsoft.ML.OnnxRuntime.Tensors;

namespace Realign.Onnx.Internal;

/// <summary>Our element types and the runtime's.</summary>
internal static class ElementTypes
{
    public static OnnxElementType FromRuntime(TensorElementType type) => type switch
    {
        TensorElementType.Float => OnnxElementType.Float32,
        TensorElementType.Float16 => OnnxElementType.Float16,
        TensorElementType.Double => OnnxElementType.Float64,
        TensorElementType.Int64 => OnnxElementType.Int64,
        TensorElementType.Int32 => OnnxElementType.Int32,
        TensorElementType.UInt8 => OnnxElementType.UInt8,
        TensorElementType.Bool => OnnxElementType.Bool,
        _ => OnnxElementType.Unsupported,
    };

    /// <summary>The runtime numbers its types as the file format does.</summary>
    public static OnnxElementType FromFormat(int type) => FromRuntime((TensorElementType)type);

    public static TensorElementType ToRuntime(OnnxElementType type) => type switch
    {
        OnnxElementType.Float32 => TensorElementType.Float,
        OnnxElementType.Float16 => TensorElementType.Float16,
        OnnxElementType.Float64 => TensorElementType.Double,
        OnnxElementType.Int64 => TensorElementType.Int64,
        OnnxElementType.Int32 => TensorElementType.Int32,
        OnnxElementType.UInt8 => TensorElementType.UInt8,
        OnnxElementType.Bool => TensorElementType.Bool,
        _ => throw new NotSupportedException($"{type} cannot be fed"),
    };

    public static int SizeBytes(OnnxElementType type) => type switch
    {
        OnnxElementType.Float64 or OnnxElementType.Int64 => 8,
        OnnxElementType.Float32 or OnnxElementType.Int32 => 4,
        OnnxElementType.Float16 => 2,
        _ => 1,
    };
}
