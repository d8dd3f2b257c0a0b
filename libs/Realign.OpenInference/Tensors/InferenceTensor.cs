using System.Runtime.InteropServices;
using System.Text;
using Google.Protobuf;
using Realign.Core.Errors;

namespace Realign.OpenInference.Tensors;

/// <summary>A tensor of a request whose data was checked against its shape.</summary>
public sealed class InferenceTensor
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    internal InferenceTensor(string name, TensorType type, IReadOnlyList<long> shape, ReadOnlyMemory<byte> data, IReadOnlyList<ReadOnlyMemory<byte>> elements)
    {
        Name = name;
        Type = type;
        Shape = shape;
        Data = data;
        Elements = elements;
    }

    /// <summary>Its name.</summary>
    public string Name { get; }

    /// <summary>Type of its elements.</summary>
    public TensorType Type { get; }

    /// <summary>Its dimensions, none below 0.</summary>
    public IReadOnlyList<long> Shape { get; }

    /// <summary>Row-major, little-endian, without padding; empty for BYTES.</summary>
    public ReadOnlyMemory<byte> Data { get; }

    /// <summary>The elements of BYTES; empty for other types.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> Elements { get; }

    /// <summary>Numbers of INT32.</summary>
    public int[] Int32s() => Values<int>(TensorType.Int32);

    /// <summary>Numbers of INT64.</summary>
    public long[] Int64s() => Values<long>(TensorType.Int64);

    /// <summary>Numbers of FP32.</summary>
    public float[] Singles() => Values<float>(TensorType.Float32);

    /// <summary>The one value of BOOL.</summary>
    public bool Truth() => Values<byte>(TensorType.Bool)[0] != 0;

    /// <summary>One element of BYTES as a message's field, not copied.</summary>
    public ByteString Blob(int index) => UnsafeByteOperations.UnsafeWrap(Elements[index]);

    /// <summary>One element of BYTES as text.</summary>
    /// <exception cref="InvalidInputException">It is not UTF-8.</exception>
    public string Text(int index)
    {
        try
        {
            return Utf8.GetString(Elements[index].Span);
        }
        catch (DecoderFallbackException)
        {
            throw new InvalidInputException(Elements.Count == 1 ? Name : $"{Name}[{index}]", $"{Elements[index].Length} bytes", "they are not UTF-8",
                "encode texts as UTF-8");
        }
    }

    /// <summary>All elements of BYTES as texts.</summary>
    /// <exception cref="InvalidInputException">One is not UTF-8.</exception>
    public IEnumerable<string> Texts() => Enumerable.Range(0, Elements.Count).Select(Text);

    private T[] Values<T>(TensorType type)
        where T : unmanaged =>
        Type == type ? MemoryMarshal.Cast<byte, T>(Data.Span).ToArray() : throw new InvalidOperationException($"{Name} is {Type}, not {type}");
}
