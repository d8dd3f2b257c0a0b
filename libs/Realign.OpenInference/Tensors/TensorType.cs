using Inference;

namespace Realign.OpenInference.Tensors;

/// <summary>One of the fourteen datatypes of the protocol.</summary>
/// <param name="Name">As requests spell it, e.g. <c>FP32</c>.</param>
/// <param name="Size">Bytes of an element; 0 = as many as the element says.</param>
/// <param name="Config">As a model's configuration spells it.</param>
public sealed record TensorType(string Name, int Size, DataType Config)
{
    /// <summary>True or false, a byte each.</summary>
    public static readonly TensorType Bool = new("BOOL", 1, DataType.TypeBool);

    /// <summary>Whole numbers without a sign, 8 bits.</summary>
    public static readonly TensorType UInt8 = new("UINT8", 1, DataType.TypeUint8);

    /// <summary>Whole numbers without a sign, 16 bits.</summary>
    public static readonly TensorType UInt16 = new("UINT16", 2, DataType.TypeUint16);

    /// <summary>Whole numbers without a sign, 32 bits.</summary>
    public static readonly TensorType UInt32 = new("UINT32", 4, DataType.TypeUint32);

    /// <summary>Whole numbers without a sign, 64 bits.</summary>
    public static readonly TensorType UInt64 = new("UINT64", 8, DataType.TypeUint64);

    /// <summary>Whole numbers, 8 bits.</summary>
    public static readonly TensorType Int8 = new("INT8", 1, DataType.TypeInt8);

    /// <summary>Whole numbers, 16 bits.</summary>
    public static readonly TensorType Int16 = new("INT16", 2, DataType.TypeInt16);

    /// <summary>Whole numbers, 32 bits.</summary>
    public static readonly TensorType Int32 = new("INT32", 4, DataType.TypeInt32);

    /// <summary>Whole numbers, 64 bits.</summary>
    public static readonly TensorType Int64 = new("INT64", 8, DataType.TypeInt64);

    /// <summary>IEEE 754 half precision.</summary>
    public static readonly TensorType Float16 = new("FP16", 2, DataType.TypeFp16);

    /// <summary>The upper half of a single.</summary>
    public static readonly TensorType BFloat16 = new("BF16", 2, DataType.TypeBf16);

    /// <summary>IEEE 754 single precision.</summary>
    public static readonly TensorType Float32 = new("FP32", 4, DataType.TypeFp32);

    /// <summary>IEEE 754 double precision.</summary>
    public static readonly TensorType Float64 = new("FP64", 8, DataType.TypeFp64);

    /// <summary>Texts or files.</summary>
    public static readonly TensorType Bytes = new("BYTES", 0, DataType.TypeString);

    /// <summary>All there are.</summary>
    public static IReadOnlyList<TensorType> All { get; } =
        [Bool, UInt8, UInt16, UInt32, UInt64, Int8, Int16, Int32, Int64, Float16, BFloat16, Float32, Float64, Bytes];

    /// <inheritdoc/>
    public override string ToString() => Name;
}
