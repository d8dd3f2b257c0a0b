using System.Numerics;
using System.Runtime.InteropServices;
using Google.Protobuf.Collections;
using Inference;
using Realign.Core.Errors;

namespace Realign.OpenInference.Tensors;

/// <summary>The other form of tensors: a list of numbers in the message itself, narrower types in lists of wider ones.</summary>
internal static class ContentsTensor
{
    /// <summary>Reads one.</summary>
    /// <param name="name">Of the tensor.</param>
    /// <param name="type">Type of its elements.</param>
    /// <param name="shape">Its dimensions.</param>
    /// <param name="contents">Its data.</param>
    /// <exception cref="InvalidInputException">The list of another type is filled, has another length than the shape, or a number does not fit.</exception>
    public static InferenceTensor Read(string name, TensorType type, IReadOnlyList<long> shape, InferTensorContents contents)
    {
        var count = RawTensor.Count(name, shape);
        if (type == TensorType.Float16 || type == TensorType.BFloat16)
            throw new InvalidInputException(name, type.Name, "there is no list for it", "send it in raw_input_contents");
        var (list, length) = ListOf(type, contents);
        var others = Lengths(contents).Where(entry => entry.Name != list && entry.Length > 0).Select(entry => entry.Name).ToList();
        if (others.Count > 0)
            throw new InvalidInputException(name, string.Join(" and ", others), $"{type} is sent in {list}", "fill the list of the datatype, and no other");
        if (length != count)
            throw new InvalidInputException(name, $"{length} elements in {list}", $"its shape has {count}", "send every element");
        return type == TensorType.Bytes
            ? new InferenceTensor(name, type, shape, default, [.. contents.BytesContents.Select(element => element.Memory)])
            : new InferenceTensor(name, type, shape, Data(name, type, contents), []);
    }

    private static (string Name, int Length) ListOf(TensorType type, InferTensorContents contents) => Lengths(contents)[type.Name switch
    {
        "BOOL" => 0,
        "INT8" or "INT16" or "INT32" => 1,
        "INT64" => 2,
        "UINT8" or "UINT16" or "UINT32" => 3,
        "UINT64" => 4,
        "FP32" => 5,
        "FP64" => 6,
        _ => 7,
    }];

    private static (string Name, int Length)[] Lengths(InferTensorContents contents) =>
    [
        ("bool_contents", contents.BoolContents.Count),
        ("int_contents", contents.IntContents.Count),
        ("int64_contents", contents.Int64Contents.Count),
        ("uint_contents", contents.UintContents.Count),
        ("uint64_contents", contents.Uint64Contents.Count),
        ("fp32_contents", contents.Fp32Contents.Count),
        ("fp64_contents", contents.Fp64Contents.Count),
        ("bytes_contents", contents.BytesContents.Count),
    ];

    private static byte[] Data(string name, TensorType type, InferTensorContents contents) => type.Name switch
    {
        "BOOL" => [.. contents.BoolContents.Select(value => value ? (byte)1 : (byte)0)],
        "INT8" => Narrow<int, sbyte>(name, contents.IntContents),
        "INT16" => Narrow<int, short>(name, contents.IntContents),
        "INT32" => Bytes(contents.IntContents.ToArray()),
        "INT64" => Bytes(contents.Int64Contents.ToArray()),
        "UINT8" => Narrow<uint, byte>(name, contents.UintContents),
        "UINT16" => Narrow<uint, ushort>(name, contents.UintContents),
        "UINT32" => Bytes(contents.UintContents.ToArray()),
        "UINT64" => Bytes(contents.Uint64Contents.ToArray()),
        "FP32" => Bytes(contents.Fp32Contents.ToArray()),
        _ => Bytes(contents.Fp64Contents.ToArray()),
    };

    private static byte[] Narrow<TWide, TNarrow>(string name, RepeatedField<TWide> values)
        where TWide : unmanaged, INumber<TWide>
        where TNarrow : unmanaged, INumber<TNarrow>, IMinMaxValue<TNarrow>
    {
        var narrow = new TNarrow[values.Count];
        for (var i = 0; i < narrow.Length; i++)
        {
            narrow[i] = TNarrow.CreateTruncating(values[i]);
            if (TWide.CreateTruncating(narrow[i]) != values[i])
            {
                throw new InvalidInputException(name, $"{values[i]} at element {i}", $"outside {TNarrow.MinValue}..{TNarrow.MaxValue}",
                    "send numbers of the datatype");
            }
        }

        return Bytes(narrow);
    }

    private static byte[] Bytes<T>(T[] values)
        where T : unmanaged => MemoryMarshal.AsBytes<T>(values).ToArray();
}
