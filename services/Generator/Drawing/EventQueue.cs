using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace Realign.Generator.Drawing;

/// <summary>
/// Events on their way from the model's thread, which must never wait for a slow reader. Progress is small and never lost; while
/// previews pile up, no more are made.
/// </summary>
internal sealed class EventQueue
{
    private const int MaxWaitingPreviews = 4;
    private readonly Channel<DrawingEvent> _events = Channel.CreateUnbounded<DrawingEvent>(new UnboundedChannelOptions { SingleReader = true, SingleWriter = true });
    private int _waitingPreviews;

    /// <summary>Whether the reader keeps up.</summary>
    public bool TakesPreviews => Volatile.Read(ref _waitingPreviews) < MaxWaitingPreviews;

    public void Add(DrawingEvent told)
    {
        if (told is PreviewMade)
            _ = Interlocked.Increment(ref _waitingPreviews);
        _ = _events.Writer.TryWrite(told);
    }

    public void Complete() => _events.Writer.TryComplete();

    public async IAsyncEnumerable<DrawingEvent> ReadAllAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var told in _events.Reader.ReadAllAsync(cancellationToken))
        {
            if (told is PreviewMade)
                _ = Interlocked.Decrement(ref _waitingPreviews);
            yield return told;
        }
    }
}
