using static TorchSharp.torch;

namespace Realign.Rewards.Tensors;

/// <summary>Shapes for messages.</summary>
internal static class ShapeText
{
    /// <summary>For example <c>[2, 7]</c>.</summary>
    public static string Of(Tensor tensor) => $"[{string.Join(", ", tensor.shape)}]";
}
