using Microsoft.Extensions.Options;
using Realign.Core.Memory;

namespace Realign.Hosting.Receiving;

/// <summary>
/// Bytes of requests that the process holds, all calls together: those of half-sent messages, and those of calls that wait or are worked on.
/// </summary>
internal sealed class ReceiveBudget(IOptions<HostingOptions> options)
{
    /// <summary>After a burst of this size the process asks for a collection: an idle one would never have another reason to.</summary>
    private const long LargeBurst = 64L << 20;

    private readonly long _limit = (long)Math.Max(options.Value.MaxHeldMegabytes, options.Value.MaxMessageMegabytes) << 20;
    private readonly Lock _lock = new();
    private long _held;
    private long _most;
    private Task _collection = Task.CompletedTask;

    /// <summary>Bytes held now.</summary>
    public long Held
    {
        get
        {
            lock (_lock)
                return _held;
        }
    }

    /// <summary>Counts bytes that have arrived; false when they are too many.</summary>
    public bool TryTake(long bytes)
    {
        lock (_lock)
        {
            if (_held + bytes > _limit)
                return false;
            _held += bytes;
            _most = Math.Max(_most, _held);
            return true;
        }
    }

    /// <summary>They are not held any more.</summary>
    public void GiveBack(long bytes)
    {
        lock (_lock)
        {
            _held -= bytes;
            if (_held > 0 || _most < LargeBurst || !_collection.IsCompleted)
                return;
            _most = 0;
            _collection = Task.Run(ProcessMemory.GiveBack);
        }
    }
}
