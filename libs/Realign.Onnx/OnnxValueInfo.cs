namespace Realign.Onnx;

/// <summary>An input or output as the graph declares it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="ElementType">Element type.</param>
/// <param name="Dimensions">Size of each axis; null where the graph takes any.</param>
/// <param name="AxisNames">The graph's names of the free axes; empty text for fixed or unnamed ones.</param>
/// <param name="IsOptional">Whether the graph has a default for it.</param>
public sealed record OnnxValueInfo(
    string Name, OnnxElementType ElementType, IReadOnlyList<long?> Dimensions, IReadOnlyList<string> AxisNames, bool IsOptional)
{
    /// <summary>Number of axes.</summary>
    public int Rank => Dimensions.Count;

    /// <summary>Whether a tensor of this shape fits.</summary>
    public bool Accepts(IReadOnlyList<long> shape)
    {
        ArgumentNullException.ThrowIfNull(shape);
        if (shape.Count != Rank)
            return false;
        for (var axis = 0; axis < Rank; axis++)
        {
            if (Dimensions[axis] is { } size && size != shape[axis])
                return false;
        }

        return true;
    }

    /// <summary>Type and shape for messages, e.g. <c>Float32 [batch, 3, 64, 64]</c>.</summary>
    public override string ToString() => $"{ElementType} [{string.Join(", ", Dimensions.Select(Axis))}]";

    private string Axis(long? size, int axis) =>
        size?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? (AxisNames[axis].Length > 0 ? AxisNames[axis] : "?");
}
