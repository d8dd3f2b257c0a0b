namespace Realign.Diffusion.Adapters;

/// <summary>Shapes of stored tensors.</summary>
internal static class Shapes
{
    /// <summary>As it is written: <c>[4, 320]</c>.</summary>
    public static string Text(IEnumerable<long> shape) => $"[{string.Join(", ", shape)}]";

    /// <summary>Linear layers and 1x1 convolutions are the same map: files spell either with either.</summary>
    public static bool Fits(IReadOnlyList<long> found, IReadOnlyList<long> wanted) => WithoutUnitTail(found).SequenceEqual(WithoutUnitTail(wanted));

    /// <summary>Whether a shape is a matrix, or a 1x1 kernel.</summary>
    public static bool IsMatrix(IReadOnlyList<long> shape) => WithoutUnitTail(shape).Count() == 2;

    private static IEnumerable<long> WithoutUnitTail(IReadOnlyList<long> shape) => shape.Count == 4 && shape[2] == 1 && shape[3] == 1 ? shape.Take(2) : shape;
}
