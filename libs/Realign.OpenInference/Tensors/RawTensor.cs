using System.Buffers.Binary;
using Realign.Core.Errors;

namespace Realign.OpenInference.Tensors;

/// <summary>The raw form of tensors: row-major, little-endian, without padding; elements of BYTES with four bytes of length before each.</summary>
internal static class RawTensor
{
    private const int LengthBytes = sizeof(int);

    /// <summary>Number of elements of a shape.</summary>
    /// <param name="name">Of the tensor.</param>
    /// <param name="shape">Its dimensions.</param>
    /// <exception cref="InvalidInputException">A dimension is negative, or there would be more elements than any message holds.</exception>
    public static long Count(string name, IReadOnlyList<long> shape)
    {
        long count = 1;
        foreach (var size in shape)
        {
            if (size is < 0 or > int.MaxValue || (count *= size) > int.MaxValue)
            {
                throw new InvalidInputException(name, TensorSpec.Text(shape.Take(8)), "a shape has no negative dimension and at most 2^31 - 1 elements",
                    "send the shape of the data");
            }
        }

        return count;
    }

    /// <summary>Checks raw data of a type with a size.</summary>
    /// <exception cref="InvalidInputException">There is more or less of it than the shape needs.</exception>
    public static void Check(string name, TensorType type, long count, long bytes)
    {
        if (bytes != count * type.Size)
        {
            throw new InvalidInputException(name, $"{bytes} bytes of raw data", $"its shape and {type} need {count * type.Size}",
                "send every element, little-endian, without padding");
        }
    }

    /// <summary>Takes BYTES apart; nothing is copied.</summary>
    /// <exception cref="InvalidInputException">A length leads beyond the data, or there are more or fewer elements than the shape has.</exception>
    public static IReadOnlyList<ReadOnlyMemory<byte>> Split(string name, long count, ReadOnlyMemory<byte> data)
    {
        // each needs its length: no list is larger than the data
        if (count > data.Length / LengthBytes)
            throw Elements(name, $"{data.Length} bytes of raw data", count);
        var elements = new List<ReadOnlyMemory<byte>>((int)count);
        for (var at = 0; at < data.Length;)
        {
            var rest = data.Length - at - LengthBytes;
            var length = rest < 0 ? -1 : BinaryPrimitives.ReadInt32LittleEndian(data.Span[at..]);
            if (length < 0 || length > rest)
            {
                throw new InvalidInputException(name, $"element {elements.Count} at byte {at} of {data.Length}", "its length leads beyond the data",
                    "send each element as four bytes of length, little-endian, and that many bytes");
            }

            if (elements.Count == count)
                throw Elements(name, $"more than {count} elements", count);
            elements.Add(data.Slice(at + LengthBytes, length));
            at += LengthBytes + length;
        }

        return elements.Count == count ? elements : throw Elements(name, $"{elements.Count} elements", count);
    }

    /// <summary>Puts BYTES together.</summary>
    public static byte[] Join(IReadOnlyList<ReadOnlyMemory<byte>> elements)
    {
        var data = new byte[elements.Sum(element => LengthBytes + element.Length)];
        var at = 0;
        foreach (var element in elements)
        {
            BinaryPrimitives.WriteInt32LittleEndian(data.AsSpan(at), element.Length);
            element.Span.CopyTo(data.AsSpan(at + LengthBytes));
            at += LengthBytes + element.Length;
        }

        return data;
    }

    private static InvalidInputException Elements(string name, string found, long count) =>
        new(name, found, $"its shape has {count} elements", "send each element as four bytes of length, little-endian, and that many bytes");
}
