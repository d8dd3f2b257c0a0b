using Realign.Torch;
using static TorchSharp.torch;

namespace Realign.Diffusion.Adapters.Formats;

/// <summary>
/// DoRA (Liu et al. 2024): the changed weight W + D keeps its directions, and its rows get the norms of the file: m (W + D) / |W + D|. peft takes rows
/// (one norm per output); LyCORIS and ComfyUI's <c>dora_scale</c> columns (one per input, over all of the kernel) or rows, told apart by its shape.
/// </summary>
internal static class Magnitude
{
    /// <summary>Whether the norms are those of rows (true), of columns (false), or fit neither (null).</summary>
    public static bool? IsOfRows(LayerKeys keys, IReadOnlyList<long> weight)
    {
        var entry = keys.Entries[AdapterPart.Magnitude];
        var shape = entry.Shape;
        var isRows = entry.Count == weight[0] && shape.Count > 0;
        if (isRows && (AdapterKeys.IsPeftMagnitude(entry.Name) || shape.Count == 1 || shape[0] == weight[0]))
            return true;
        if (shape.Count < 2 || shape[0] != 1 || AdapterKeys.IsPeftMagnitude(entry.Name))
            return null;
        if (entry.Count == weight[1] && shape[1] == weight[1])
            return false;
        // peft's norms of a convolution under kohya's name
        return isRows && shape[1] == weight[0] ? true : null;
    }

    /// <summary>The whole change of a weight: m (W + D) / |W + D| - W.</summary>
    /// <param name="weight">W, float32.</param>
    /// <param name="change">D without alpha / rank, of W's shape.</param>
    /// <param name="scale">alpha / rank.</param>
    /// <param name="norms">m, float32.</param>
    /// <param name="isOfRows">Whether m is one number per output.</param>
    public static Tensor Apply(Tensor weight, Tensor change, double scale, Tensor norms, bool isOfRows)
    {
        using var scope = NewDisposeScope();
        var changed = weight.add(change, alpha: Scalars.Of(scale));
        long[] others = isOfRows ? [.. Axes(weight).Where(axis => axis != 0)] : [.. Axes(weight).Where(axis => axis != 1)];
        // as in the reference tools: no division by nothing
        var lengths = linalg.vector_norm(changed, 2, others, keepdim: true).add(Scalars.Of(finfo(ScalarType.Float32).eps));
        // in place: fresh memory of this size takes longer than the sums
        return changed.mul_(norms.reshape(lengths.shape).div(lengths)).sub_(weight).MoveToOuterDisposeScope();
    }

    private static IEnumerable<long> Axes(Tensor tensor) => Enumerable.Range(0, (int)tensor.dim()).Select(axis => (long)axis);
}
