using System.Numerics;
using System.Runtime.InteropServices;

namespace Realign.Safetensors;

/// <summary>Looks for NaN and infinity in raw little-endian floats: those whose exponent bits are all ones.</summary>
public static class FiniteNumbers
{
    /// <summary>Index of the first number that is not finite; -1 = all are, or the type has only finite ones.</summary>
    /// <param name="bytes">Whole numbers of the type.</param>
    /// <param name="dtype">Their type.</param>
    public static long FindOther(ReadOnlySpan<byte> bytes, SafetensorsDType dtype) => dtype switch
    {
        SafetensorsDType.F32 => Find<uint>(MemoryMarshal.Cast<byte, uint>(bytes), 0x7F80_0000),
        SafetensorsDType.F16 => Find<ushort>(MemoryMarshal.Cast<byte, ushort>(bytes), 0x7C00),
        SafetensorsDType.BF16 => Find<ushort>(MemoryMarshal.Cast<byte, ushort>(bytes), 0x7F80),
        SafetensorsDType.F64 => Find<ulong>(MemoryMarshal.Cast<byte, ulong>(bytes), 0x7FF0_0000_0000_0000),
        _ => -1,
    };

    private static long Find<T>(ReadOnlySpan<T> numbers, T exponent)
        where T : struct, IBinaryInteger<T>
    {
        var mask = new Vector<T>(exponent);
        var done = 0;
        for (; done <= numbers.Length - Vector<T>.Count; done += Vector<T>.Count)
        {
            if (Vector.EqualsAny(new Vector<T>(numbers[done..]) & mask, mask))
                break;
        }

        for (; done < numbers.Length; done++)
        {
            if ((numbers[done] & exponent) == exponent)
                return done;
        }

        return -1;
    }
}
