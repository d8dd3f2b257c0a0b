using System.Buffers;

namespace Realign.Hosting.Receiving;

/// <summary>
/// Arrays of one call, each twice as large as the one before. Nobody keeps them: what is freed goes back to the collector, and from there
/// to the system.
/// </summary>
internal sealed class GrowingMemory : MemoryPool<byte>
{
    private const int LeastBytes = 1 << 10;
    private const int MostBytes = 1 << 20;

    private int _next = LeastBytes;

    public override int MaxBufferSize => Array.MaxLength;

    public override IMemoryOwner<byte> Rent(int minBufferSize = -1)
    {
        var size = Math.Max(minBufferSize, _next);
        _next = Math.Min(2 * size, MostBytes);
        return new Owner(GC.AllocateUninitializedArray<byte>(size));
    }

    protected override void Dispose(bool disposing)
    {
    }

    private sealed class Owner(byte[] array) : IMemoryOwner<byte>
    {
        public Memory<byte> Memory => array;

        public void Dispose()
        {
        }
    }
}
