using TorchSharp;

namespace Realign.Torch;

/// <summary>
/// Numbers as operands of tensor operations, kept alive after their use. A number that is converted in place is a temporary with a
/// finaliser, and TorchSharp lets go of it before the native call has read it: a collection at that moment frees it too early. The
/// implicit conversions are banned for that reason.
/// </summary>
public static class Scalars
{
    private const int Bits = 12;
    private static readonly Entry?[] Reals = new Entry?[1 << Bits];
    private static readonly Entry?[] Wholes = new Entry?[1 << Bits];

    /// <summary>A real number.</summary>
    public static Scalar Of(double value) => Find(Reals, BitConverter.DoubleToInt64Bits(value), static bits => BitConverter.Int64BitsToDouble(bits).ToScalar());

    /// <summary>A whole number.</summary>
    public static Scalar Of(long value) => Find(Wholes, value, static bits => bits.ToScalar());

    // the last number of each slot stays alive: long enough for any call, and never more than the slots
    private static Scalar Find(Entry?[] slots, long bits, Func<long, Scalar> create)
    {
        ref var slot = ref slots[(int)(unchecked((ulong)bits * 0x9E3779B97F4A7C15UL) >> (64 - Bits))];
        if (Volatile.Read(ref slot) is { } found && found.Bits == bits)
            return found.Scalar;
        var entry = new Entry(bits, create(bits));
        Volatile.Write(ref slot, entry);
        return entry.Scalar;
    }

    private sealed record Entry(long Bits, Scalar Scalar);
}
