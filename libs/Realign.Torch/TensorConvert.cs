using System.Runtime.InteropServices;
using Realign.Safetensors;
using static TorchSharp.torch;

namespace Realign.Torch;

/// <summary>Moves numbers between .NET arrays, safetensors files and tensors.</summary>
public static class TensorConvert
{
    // a span holds less than 2 GiB
    private const int PieceBytes = 1 << 30;

    /// <summary>The libtorch type of a safetensors type.</summary>
    /// <exception cref="NotSupportedException">libtorch has none (U16, U32, U64).</exception>
    public static ScalarType ToScalarType(this SafetensorsDType dtype) => dtype switch
    {
        SafetensorsDType.Bool => ScalarType.Bool,
        SafetensorsDType.U8 => ScalarType.Byte,
        SafetensorsDType.I8 => ScalarType.Int8,
        SafetensorsDType.I16 => ScalarType.Int16,
        SafetensorsDType.I32 => ScalarType.Int32,
        SafetensorsDType.I64 => ScalarType.Int64,
        SafetensorsDType.F16 => ScalarType.Float16,
        SafetensorsDType.BF16 => ScalarType.BFloat16,
        SafetensorsDType.F32 => ScalarType.Float32,
        SafetensorsDType.F64 => ScalarType.Float64,
        _ => throw new NotSupportedException($"libtorch has no type for {dtype.HeaderName()}"),
    };

    /// <summary>Copies a tensor out of a file, in the file's own type, on the CPU. The caller's dispose scope owns it.</summary>
    public static Tensor Read(SafetensorsFile file, string key)
    {
        var entry = file.Entries[key];
        var tensor = empty([.. entry.Shape], dtype: entry.DType.ToScalarType());
        EachPiece(tensor, (start, bytes) => file.Read(key, start, bytes));
        return tensor;
    }

    /// <summary>Walks through the bytes of a contiguous tensor on the CPU, in pieces that a span can hold.</summary>
    internal static void EachPiece(Tensor tensor, PieceAction visit)
    {
        var size = tensor.element_size();
        var elementsPerPiece = PieceBytes / size;
        using var flat = tensor.view(-1);
        for (long done = 0; done < flat.numel(); done += elementsPerPiece)
        {
            using var piece = flat.narrow(0, done, Math.Min(elementsPerPiece, flat.numel() - done));
            visit(done * size, piece.bytes);
        }
    }

    /// <summary>Gets the position of a piece in bytes, and the piece.</summary>
    internal delegate void PieceAction(long start, Span<byte> bytes);

    /// <summary>A float tensor of the given shape from an array (copied).</summary>
    public static Tensor FromArray(float[] values, params long[] shape) => tensor(values, shape);

    /// <summary>An int64 tensor of the given shape from an array (copied).</summary>
    public static Tensor FromArray(long[] values, params long[] shape) => tensor(values, shape);

    /// <summary>All elements in row-major order as floats, whatever the tensor's type, device and strides.</summary>
    public static float[] ToSingles(this Tensor tensor)
    {
        using var scope = NewDisposeScope();
        var plain = tensor.detach().to(ScalarType.Float32).cpu().contiguous();
        return plain.numel() == 0 ? [] : MemoryMarshal.Cast<byte, float>(plain.bytes).ToArray();
    }

    /// <summary>All elements in row-major order as 64-bit integers.</summary>
    public static long[] ToInt64s(this Tensor tensor)
    {
        using var scope = NewDisposeScope();
        var plain = tensor.detach().to(ScalarType.Int64).cpu().contiguous();
        return plain.numel() == 0 ? [] : MemoryMarshal.Cast<byte, long>(plain.bytes).ToArray();
    }
}
