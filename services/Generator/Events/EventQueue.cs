using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Realign.Diffusion.Generation;

namespace Realign.Generator.Events;

/// <summary>
/// Events on their way from the model's thread, which must never wait for a slow reader. Progress is small and never lost; while
/// previews pile up, no more are made.
/// </summary>
internal sealed class EventQueue : IGenerationListener
{
    private const int MaxWaitingPreviews = 4;
    private readonly Channel<GenerationEvent> _events = Channel.CreateUnbounded<GenerationEvent>(new UnboundedChannelOptions
    {
        SingleReader = true,
        SingleWriter = true
    });
    private int _waitingPreviews;

    /// <summary>Whether the reader keeps up.</summary>
    public bool TakesPreviews => Volatile.Read(ref _waitingPreviews) < MaxWaitingPreviews;

    public void Add(GenerationEvent happened)
    {
        if (happened is PreviewMade)
            _ = Interlocked.Increment(ref _waitingPreviews);
        _ = _events.Writer.TryWrite(happened);
    }

    public void Complete() => _events.Writer.TryComplete();

    public async IAsyncEnumerable<GenerationEvent> ReadAllAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var happened in _events.Reader.ReadAllAsync(cancellationToken))
        {
            if (happened is PreviewMade)
                _ = Interlocked.Decrement(ref _waitingPreviews);
            yield return happened;
        }
    }
}
