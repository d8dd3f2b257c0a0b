using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Realign.Torch.Layers;

/// <summary>
/// 2-d convolution that is right on every processor. oneDNN reorders channels into blocks of 16; where the processor does not tell the
/// sizes of its caches, as in many virtual machines, the version inside libtorch 2.10 loses part of a block that is not full
/// (docs/decisions/0003). There, channels are filled up with zeros, so that no block is partly full.
/// </summary>
public static class Convolution
{
    private const int Block = 16;

    // multiply-adds of one call into the library, which cannot be interrupted: about half a second on two cores
    private const long MostAtOnce = 1L << 33;

    private static readonly Lazy<bool> PartialBlocks = new(ArePartialBlocksRight);

    /// <summary>Whether this machine's library computes channels that fill no whole block; found out at the first use, by computing some.</summary>
    public static bool IsExactWithPartialBlocks => PartialBlocks.Value;

    /// <summary>
    /// Convolution without dilation and groups. Differentiable; where nothing is to be differentiated, a large one is computed in stripes of rows.
    /// </summary>
    /// <param name="input">(B, in, H, W)</param>
    /// <param name="kernel">[out, in, kh, kw]</param>
    /// <param name="bias">[out]; null = none.</param>
    /// <param name="strides">Vertical and horizontal.</param>
    /// <param name="padding">Zeros on each side, vertical and horizontal.</param>
    /// <param name="cancellation">Looked at before each stripe.</param>
    /// <returns>(B, out, H', W')</returns>
    /// <exception cref="OperationCanceledException">The token was set before the last stripe of a large convolution.</exception>
    public static Tensor Apply(
        Tensor input, Tensor kernel, Tensor? bias = null, long[]? strides = null, long[]? padding = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(input);
        ArgumentNullException.ThrowIfNull(kernel);
        var (height, width) = (Length(input, kernel, strides, padding, 0), Length(input, kernel, strides, padding, 1));
        var rowWork = input.shape[0] * width * kernel.numel();
        return rowWork * height <= MostAtOnce || is_grad_enabled()
            ? Whole(input, kernel, bias, strides, padding)
            : InStripes(input, kernel, bias, strides, padding, Math.Max(1, MostAtOnce / rowWork), cancellation);
    }

    /// <summary>The same values, computed in stripes of so many rows of the output.</summary>
    internal static Tensor InStripes(
        Tensor input, Tensor kernel, Tensor? bias, long[]? strides, long[]? padding, long rows, CancellationToken cancellation)
    {
        using var scope = NewDisposeScope();
        var (stride, zeros) = (strides?[0] ?? 1, padding?[0] ?? 0);
        var (inputHeight, height, width) = (input.shape[2], Length(input, kernel, strides, padding, 0), Length(input, kernel, strides, padding, 1));
        var output = empty([input.shape[0], kernel.shape[0], height, width], dtype: input.dtype, device: input.device);
        for (long from = 0; from < height; from += rows)
        {
            cancellation.ThrowIfCancellationRequested();
            using var stripe = NewDisposeScope();
            var count = Math.Min(rows, height - from);
            // the input rows that these rows see; those beyond the edges are zeros
            var first = (from * stride) - zeros;
            var end = first + ((count - 1) * stride) + kernel.shape[2];
            var (above, below) = (Math.Max(0, -first), Math.Max(0, end - inputHeight));
            var part = input.narrow(2, first + above, end - below - first - above);
            if (above + below > 0)
                part = F.pad(part, [0, 0, above, below]);
            _ = output.narrow(2, from, count).copy_(Whole(part, kernel, bias, strides, [0, padding?[1] ?? 0]));
        }

        return output.MoveToOuterDisposeScope();
    }

    private static long Length(Tensor input, Tensor kernel, long[]? strides, long[]? padding, int axis) =>
        ((input.shape[axis + 2] + (2 * (padding?[axis] ?? 0)) - kernel.shape[axis + 2]) / (strides?[axis] ?? 1)) + 1;

    private static Tensor Whole(Tensor input, Tensor kernel, Tensor? bias, long[]? strides, long[]? padding)
    {
        var isWhole = kernel.shape[0] % Block == 0 && kernel.shape[1] % Block == 0;
        return isWhole || input.device.type != TorchSharp.DeviceType.CPU || IsExactWithPartialBlocks
            ? F.conv2d(input, kernel, bias, strides, padding)
            : WithWholeBlocks(input, kernel, bias, strides, padding);
    }

    /// <summary>The same values, computed with channels filled up to whole blocks.</summary>
    internal static Tensor WithWholeBlocks(Tensor input, Tensor kernel, Tensor? bias, long[]? strides, long[]? padding)
    {
        using var scope = NewDisposeScope();
        var (outputs, inputs) = (kernel.shape[0], kernel.shape[1]);
        var (moreOutputs, moreInputs) = (Missing(outputs), Missing(inputs));
        // zeros behind the channels: the pairs count from the last dimension on
        var wideInput = moreInputs == 0 ? input : F.pad(input, [0, 0, 0, 0, 0, moreInputs]);
        var wideKernel = F.pad(kernel, [0, 0, 0, 0, 0, moreInputs, 0, moreOutputs]);
        var wideBias = bias is null || moreOutputs == 0 ? bias : F.pad(bias, [0, moreOutputs]);
        return F.conv2d(wideInput, wideKernel, wideBias, strides, padding).narrow(1, 0, outputs).contiguous().MoveToOuterDisposeScope();
    }

    private static long Missing(long channels) => (Block - (channels % Block)) % Block;

    private static bool ArePartialBlocksRight()
    {
        using var grad = no_grad();
        using var scope = NewDisposeScope();
        // whole numbers: float32 and float64 agree to the last bit unless something is lost
        var input = ones(1, 24, 32, 32);
        var kernel = ones(3, 24, 3, 3);
        var blocked = F.conv2d(input, kernel, padding: [1, 1]);
        var plain = F.conv2d(input.to(ScalarType.Float64), kernel.to(ScalarType.Float64), padding: [1, 1]);
        return blocked.to(ScalarType.Float64).sub(plain).abs().max().item<double>() == 0;
    }
}
