using TorchSharp;

namespace Realign.Torch;

/// <summary>
/// Numbers as operands of tensor operations, kept alive after their use. A number that is converted in place is a temporary with a
/// finaliser, and TorchSharp lets go of it before the native call has read it: a collection at that moment frees it too early. The
/// implicit conversions are banned for that reason.
/// </summary>
/// <remarks>
/// A number stays alive until the thread that asked for it has asked for 256 more. No operation takes that many, and no thread can
/// let go of what another one is computing with: nothing is shared between them.
/// </remarks>
public static class Scalars
{
    private const int Bits = 12;
    private const int Recent = 256;

    [ThreadStatic]
    private static Cache? _ofThread;

    private static Cache OfThread => _ofThread ??= new Cache();

    /// <summary>A real number.</summary>
    public static Scalar Of(double value) => OfThread.Find(isReal: true, BitConverter.DoubleToInt64Bits(value));

    /// <summary>A whole number.</summary>
    public static Scalar Of(long value) => OfThread.Find(isReal: false, value);

    /// <summary>The last number of each slot, so that a loop makes its numbers once; and the last numbers handed out, whatever their slot.</summary>
    private sealed class Cache
    {
        private readonly Entry?[] _slots = new Entry?[2 << Bits];
        private readonly Scalar[] _recent = new Scalar[Recent];
        private int _next;

        public Scalar Find(bool isReal, long bits)
        {
            var hash = (int)(unchecked((ulong)bits * 0x9E3779B97F4A7C15UL) >> (64 - Bits));
            ref var slot = ref _slots[isReal ? hash : hash + (1 << Bits)];
            if (slot is null || slot.Bits != bits)
                slot = new Entry(bits, isReal ? BitConverter.Int64BitsToDouble(bits).ToScalar() : bits.ToScalar());
            _recent[_next] = slot.Scalar;
            _next = (_next + 1) % Recent;
            return slot.Scalar;
        }
    }

    private sealed record Entry(long Bits, Scalar Scalar);
}
