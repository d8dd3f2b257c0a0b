using System.Threading.Channels;
using Realign.Core.Errors;

namespace Realign.Hosting.Models;

/// <summary>
/// One thread that does all the work of one model, fed by a bounded queue. Engines that are bound to a thread (libtorch's dispose
/// scopes, one llama context) are safe on it, and a full queue answers at once instead of piling up.
/// </summary>
public sealed class ModelRunner : IDisposable
{
    private readonly Channel<WorkItem> _queue;
    private readonly Thread _thread;
    private readonly CancellationTokenSource _stopping = new();
    private long _busyMicroseconds;

    /// <summary>Starts the thread.</summary>
    /// <param name="name">Name of the model, for messages and the thread.</param>
    /// <param name="queueCapacity">Calls that may wait, at least 1.</param>
    public ModelRunner(string name, int queueCapacity)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(queueCapacity, 1);
        Name = name;
        QueueCapacity = queueCapacity;
        _queue = Channel.CreateBounded<WorkItem>(new BoundedChannelOptions(queueCapacity) { SingleReader = true });
        _thread = new Thread(Loop) { Name = $"model {name}", IsBackground = true };
        _thread.Start();
    }

    /// <summary>Name of the model.</summary>
    public string Name { get; }

    /// <summary>Calls that may wait.</summary>
    public int QueueCapacity { get; }

    /// <summary>Calls that wait now.</summary>
    public int QueueLength => _queue.Reader.Count;

    /// <summary>Runs work on the model's thread.</summary>
    /// <param name="work">Gets a token that fires when the caller is gone, its deadline passed, or the process stops. Must check it in its inner loop.</param>
    /// <param name="cancellationToken">The caller's token; while queued, cancelling removes the call without running it.</param>
    /// <exception cref="ResourceExhaustedException">The queue is full.</exception>
    /// <exception cref="OperationCanceledException">The token fired.</exception>
    public Task<T> RunAsync<T>(Func<CancellationToken, T> work, CancellationToken cancellationToken)
    {
        var item = new WorkItem<T>(work, cancellationToken);
        if (_stopping.IsCancellationRequested)
            throw new UnavailableException($"{Name} is shutting down", "ask another replica");
        if (!_queue.Writer.TryWrite(item))
        {
            throw new ResourceExhaustedException($"the queue of {Name} is full ({QueueCapacity} calls wait)",
                "ask again later, send fewer calls at once, or add a replica", RetryAfter());
        }

        item.WatchCancellation();
        return item.Task;
    }

    /// <summary>Stops after the work in progress was told to end; queued work is cancelled.</summary>
    public void Dispose()
    {
        if (_stopping.IsCancellationRequested)
            return;
        _stopping.Cancel();
        _ = _queue.Writer.TryComplete();
        _thread.Join();
        _stopping.Dispose();
    }

    private TimeSpan RetryAfter()
    {
        var perCall = Math.Clamp(Interlocked.Read(ref _busyMicroseconds) / 1e6, 0.1, 30);
        return TimeSpan.FromSeconds(perCall * Math.Max(1, QueueCapacity / 2.0));
    }

    private void Loop()
    {
        while (_queue.Reader.WaitToReadAsync().AsTask().GetAwaiter().GetResult())
        {
            while (_queue.Reader.TryRead(out var item))
            {
                var start = TimeProvider.System.GetTimestamp();
                item.Run(_stopping.Token);
                var micros = (long)TimeProvider.System.GetElapsedTime(start).TotalMicroseconds;
                // a moving average is enough to tell a caller when to come back
                _ = Interlocked.Exchange(ref _busyMicroseconds, (Interlocked.Read(ref _busyMicroseconds) * 7 / 8) + (micros / 8));
            }
        }
    }

    private abstract class WorkItem
    {
        public abstract void Run(CancellationToken stopping);
    }

    private sealed class WorkItem<T>(Func<CancellationToken, T> work, CancellationToken caller) : WorkItem
    {
        private readonly TaskCompletionSource<T> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private CancellationTokenRegistration _registration;
        private int _started;

        public Task<T> Task => _completion.Task;

        /// <summary>A caller that leaves while queued gets its answer at once; the item is skipped when its turn comes.</summary>
        public void WatchCancellation() => _registration = caller.Register(() =>
        {
            if (Interlocked.Exchange(ref _started, 1) == 0)
                _ = _completion.TrySetCanceled(caller);
        });

        public override void Run(CancellationToken stopping)
        {
            if (Interlocked.Exchange(ref _started, 1) != 0)
                return;
            using var linked = CancellationTokenSource.CreateLinkedTokenSource(caller, stopping);
            try
            {
                linked.Token.ThrowIfCancellationRequested();
                _ = _completion.TrySetResult(work(linked.Token));
            }
            catch (OperationCanceledException) when (linked.IsCancellationRequested)
            {
                _ = _completion.TrySetCanceled(linked.Token);
            }
#pragma warning disable CA1031 // whatever the model throws belongs to the caller who asked, never to this thread
            catch (Exception exception)
#pragma warning restore CA1031
            {
                _ = _completion.TrySetException(exception);
            }
            finally
            {
                _ = _registration.Unregister();
            }
        }
    }
}
