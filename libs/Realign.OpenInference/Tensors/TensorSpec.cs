namespace Realign.OpenInference.Tensors;

/// <summary>A tensor that a model takes or gives.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">Type of its elements.</param>
/// <param name="Shape">Its dimensions; -1 = any.</param>
public sealed record TensorSpec(string Name, TensorType Type, params IReadOnlyList<long> Shape)
{
    /// <summary>Whether a request may leave it out.</summary>
    public bool IsOptional { get; init; }

    /// <summary>Another type and shape that it may have instead; null = none.</summary>
    public TensorSpec? Alternative { get; init; }

    /// <summary>What it may be, e.g. <c>UINT8 [-1, -1, -1, 3]</c>.</summary>
    public override string ToString() => $"{Type} {Text(Shape)}" + (Alternative is { } other ? $" or {other}" : "");

    /// <summary>The way a shape is written.</summary>
    internal static string Text(IEnumerable<long> shape) => $"[{string.Join(", ", shape)}]";

    /// <summary>Whether a tensor may have this type and shape.</summary>
    internal bool Takes(TensorType type, IReadOnlyList<long> shape) => (type == Type && Fits(shape)) || Alternative?.Takes(type, shape) == true;

    private bool Fits(IReadOnlyList<long> shape) =>
        shape.Count == Shape.Count && shape.Zip(Shape).All(pair => pair.Second < 0 || pair.First == pair.Second);
}
