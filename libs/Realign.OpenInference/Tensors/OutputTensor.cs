using System.Runtime.InteropServices;
using System.Text;
using Google.Protobuf;

namespace Realign.OpenInference.Tensors;

/// <summary>A tensor of an answer.</summary>
public sealed class OutputTensor
{
    private OutputTensor(string name, TensorType type, IReadOnlyList<long> shape, byte[] data)
    {
        Name = name;
        Type = type;
        Shape = shape;
        Raw = UnsafeByteOperations.UnsafeWrap(data);
    }

    /// <summary>Its name.</summary>
    public string Name { get; }

    /// <summary>Type of its elements.</summary>
    public TensorType Type { get; }

    /// <summary>Its dimensions.</summary>
    public IReadOnlyList<long> Shape { get; }

    /// <summary>Its data in the raw form.</summary>
    public ByteString Raw { get; }

    /// <summary>FP32.</summary>
    public static OutputTensor Singles(string name, ReadOnlySpan<float> values, params IReadOnlyList<long> shape) =>
        new(name, TensorType.Float32, shape, MemoryMarshal.AsBytes(values).ToArray());

    /// <summary>INT32.</summary>
    public static OutputTensor Int32s(string name, ReadOnlySpan<int> values, params IReadOnlyList<long> shape) =>
        new(name, TensorType.Int32, shape, MemoryMarshal.AsBytes(values).ToArray());

    /// <summary>UINT8; the array is not copied.</summary>
    public static OutputTensor Pixels(string name, byte[] values, params IReadOnlyList<long> shape) => new(name, TensorType.UInt8, shape, values);

    /// <summary>BYTES that are texts.</summary>
    public static OutputTensor Texts(string name, IEnumerable<string> texts, params IReadOnlyList<long> shape) =>
        new(name, TensorType.Bytes, shape, RawTensor.Join([.. texts.Select(text => (ReadOnlyMemory<byte>)Encoding.UTF8.GetBytes(text))]));

    /// <summary>BYTES that are files.</summary>
    public static OutputTensor Blobs(string name, IEnumerable<ByteString> blobs, params IReadOnlyList<long> shape) =>
        new(name, TensorType.Bytes, shape, RawTensor.Join([.. blobs.Select(blob => blob.Memory)]));

    /// <summary>What a request sent.</summary>
    internal static OutputTensor Of(string name, InferenceTensor tensor)
    {
        return new OutputTensor(name, tensor.Type, tensor.Shape, tensor.Type == TensorType.Bytes ? RawTensor.Join(tensor.Elements) : tensor.Data.ToArray());
    }
}
