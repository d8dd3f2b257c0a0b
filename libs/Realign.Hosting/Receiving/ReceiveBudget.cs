using Microsoft.Extensions.Options;

namespace Realign.Hosting.Receiving;

/// <summary>
/// Bytes of requests that the process holds, all calls together: those of half-sent messages, and those of calls that wait or are worked on.
/// </summary>
internal sealed class ReceiveBudget(IOptions<HostingOptions> options)
{
    private readonly long _limit = (long)Math.Max(options.Value.MaxHeldMegabytes, options.Value.MaxMessageMegabytes) << 20;
    private long _held;

    /// <summary>Bytes held now.</summary>
    public long Held => Interlocked.Read(ref _held);

    /// <summary>Counts bytes that have arrived; false when they are too many.</summary>
    public bool TryTake(long bytes)
    {
        if (Interlocked.Add(ref _held, bytes) <= _limit)
            return true;
        _ = Interlocked.Add(ref _held, -bytes);
        return false;
    }

    /// <summary>They are not held any more.</summary>
    public void GiveBack(long bytes) => _ = Interlocked.Add(ref _held, -bytes);
}
