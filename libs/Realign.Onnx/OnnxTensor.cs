using System.Runtime.InteropServices;

namespace Realign.Onnx;

/// <summary>A dense tensor in managed memory, row-major. Nothing has to be disposed; a graph's outputs are copied into it.</summary>
public sealed class OnnxTensor
{
    private readonly Array _values;

    private OnnxTensor(OnnxElementType elementType, Array values, long[] shape)
    {
        ElementType = elementType;
        _values = values;
        Shape = shape;
    }

    /// <summary>Element type.</summary>
    public OnnxElementType ElementType { get; }

    /// <summary>Size of each axis, outermost first; empty for a scalar. An axis may be 0.</summary>
    public IReadOnlyList<long> Shape { get; }

    /// <summary>Number of elements.</summary>
    public int Count => _values.Length;

    /// <summary>Wraps values; the array is not copied.</summary>
    /// <param name="values">As many as the shape says.</param>
    /// <param name="shape">Size of each axis; none for a scalar.</param>
    /// <typeparam name="T">float, Half, double, long, int, byte or bool.</typeparam>
    /// <exception cref="ArgumentException">The type cannot be fed, or count and shape disagree.</exception>
    public static OnnxTensor Create<T>(T[] values, params ReadOnlySpan<long> shape)
        where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(values);
        long count = 1;
        foreach (var size in shape)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(size, nameof(shape));
            count = checked(count * size);
        }

        if (count != values.Length)
            throw new ArgumentException($"{values.Length} values for shape [{string.Join(", ", shape.ToArray())}]", nameof(values));
        return new OnnxTensor(ElementTypeOf<T>(), values, shape.ToArray());
    }

    /// <summary>Float values in the type a graph declares: 32 bits, or rounded to 16.</summary>
    /// <param name="elementType">Float32, Float16 or Float64.</param>
    /// <param name="values">As many as the shape says; not copied for Float32.</param>
    /// <param name="shape">Size of each axis.</param>
    /// <exception cref="ArgumentException">The type is not a float type, or count and shape disagree.</exception>
    public static OnnxTensor FromSingles(OnnxElementType elementType, float[] values, params ReadOnlySpan<long> shape) => elementType switch
    {
        OnnxElementType.Float32 => Create(values, shape),
        OnnxElementType.Float16 => Create(Array.ConvertAll(values, value => (Half)value), shape),
        OnnxElementType.Float64 => Create(Array.ConvertAll(values, value => (double)value), shape),
        _ => throw new ArgumentException($"{elementType} is not a float type", nameof(elementType)),
    };

    /// <summary>The values, without a copy.</summary>
    /// <exception cref="InvalidOperationException">The tensor has another element type.</exception>
    public ReadOnlySpan<T> AsSpan<T>()
        where T : unmanaged =>
        _values is T[] typed && ElementType == ElementTypeOf<T>()
            ? typed
            : throw new InvalidOperationException($"the tensor holds {ElementType}, not {typeof(T).Name}");

    /// <summary>Any numeric tensor as 32-bit floats; the same array when it is Float32 already.</summary>
    public float[] ToSingles() => _values switch
    {
        float[] singles => singles,
        Half[] halves => Array.ConvertAll(halves, value => (float)value),
        double[] doubles => Array.ConvertAll(doubles, value => (float)value),
        long[] longs => Array.ConvertAll(longs, value => (float)value),
        int[] ints => Array.ConvertAll(ints, value => (float)value),
        byte[] bytes => Array.ConvertAll(bytes, value => (float)value),
        _ => Array.ConvertAll((bool[])_values, value => value ? 1f : 0f),
    };

    internal Span<byte> RawBytes() => MemoryMarshal.CreateSpan(
        ref MemoryMarshal.GetArrayDataReference(_values), checked(Count * Internal.ElementTypes.SizeBytes(ElementType)));

    internal GCHandle Pin() => GCHandle.Alloc(_values, GCHandleType.Pinned);

    internal static OnnxTensor Allocate(OnnxElementType elementType, long[] shape)
    {
        var count = 1;
        foreach (var size in shape)
            count = checked(count * (int)size);
        return elementType switch
        {
            OnnxElementType.Float32 => Create(new float[count], shape),
            OnnxElementType.Float16 => Create(new Half[count], shape),
            OnnxElementType.Float64 => Create(new double[count], shape),
            OnnxElementType.Int64 => Create(new long[count], shape),
            OnnxElementType.Int32 => Create(new int[count], shape),
            OnnxElementType.UInt8 => Create(new byte[count], shape),
            OnnxElementType.Bool => Create(new bool[count], shape),
            _ => throw new NotSupportedException($"{elementType} cannot be read"),
        };
    }

    private static OnnxElementType ElementTypeOf<T>() =>
        typeof(T) == typeof(float) ? OnnxElementType.Float32
        : typeof(T) == typeof(Half) ? OnnxElementType.Float16
        : typeof(T) == typeof(double) ? OnnxElementType.Float64
        : typeof(T) == typeof(long) ? OnnxElementType.Int64
        : typeof(T) == typeof(int) ? OnnxElementType.Int32
        : typeof(T) == typeof(byte) ? OnnxElementType.UInt8
        : typeof(T) == typeof(bool) ? OnnxElementType.Bool
        : throw new ArgumentException($"{typeof(T).Name} cannot be fed to a graph");
}
