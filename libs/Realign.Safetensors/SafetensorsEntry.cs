namespace Realign.Safetensors;

/// <summary>One tensor of a file.</summary>
/// <param name="Name">Its key.</param>
/// <param name="DType">Element type.</param>
/// <param name="Shape">Dimensions, outermost first; empty for a scalar.</param>
/// <param name="Offset">Position of the first byte in the file.</param>
/// <param name="LengthBytes">Size in bytes.</param>
public sealed record SafetensorsEntry(string Name, SafetensorsDType DType, IReadOnlyList<long> Shape, long Offset, long LengthBytes)
{
    /// <summary>Number of elements.</summary>
    public long Count => LengthBytes / DType.SizeBytes();
}
