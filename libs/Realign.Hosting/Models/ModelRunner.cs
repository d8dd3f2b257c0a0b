using Realign.Core.Errors;

namespace Realign.Hosting.Models;

/// <summary>
/// One thread that does all the work of one model, fed by a bounded queue. Engines that are bound to a thread (libtorch's dispose
/// scopes, one llama context) are safe on it, and a full queue answers at once instead of piling up.
/// </summary>
public sealed class ModelRunner : IDisposable
{
    // also the lock that guards it; who takes an item out of it decides its fate
    private readonly LinkedList<WorkItem> _queue = new();
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
        _thread = new Thread(Loop) { Name = $"model {name}", IsBackground = true };
        _thread.Start();
    }

    /// <summary>Name of the model.</summary>
    public string Name { get; }

    /// <summary>Calls that may wait.</summary>
    public int QueueCapacity { get; }

    /// <summary>Calls that wait now.</summary>
    public int QueueLength
    {
        get
        {
            lock (_queue)
                return _queue.Count;
        }
    }

    /// <summary>Runs work on the model's thread.</summary>
    /// <param name="work">Gets a token that fires when the caller is gone, its deadline passed, or the process stops. Must check it in its inner loop.</param>
    /// <param name="cancellationToken">The caller's token; while queued, cancelling removes the call without running it.</param>
    /// <exception cref="ResourceExhaustedException">The queue is full.</exception>
    /// <exception cref="OperationCanceledException">The token fired.</exception>
    public Task<T> RunAsync<T>(Func<CancellationToken, T> work, CancellationToken cancellationToken)
    {
        var item = new WorkItem<T>(work, cancellationToken);
        LinkedListNode<WorkItem> place;
        lock (_queue)
        {
            if (_stopping.IsCancellationRequested)
                throw new UnavailableException($"{Name} is shutting down", "ask another replica");
            if (_queue.Count == QueueCapacity)
            {
                throw new ResourceExhaustedException($"the queue of {Name} is full ({QueueCapacity} calls wait)",
                    "ask again later, send fewer calls at once, or add a replica", RetryAfter());
            }

            place = _queue.AddLast(item);
            Monitor.Pulse(_queue);
        }

        item.WatchCancellation(() => TryRemove(place));
        return item.Task;
    }

    /// <summary>Stops after the work in progress was told to end; queued work is cancelled.</summary>
    public void Dispose()
    {
        if (_stopping.IsCancellationRequested)
            return;
        _stopping.Cancel();
        lock (_queue)
            Monitor.Pulse(_queue);
        _thread.Join();
        _stopping.Dispose();
    }

    private TimeSpan RetryAfter()
    {
        var perCall = Math.Clamp(Interlocked.Read(ref _busyMicroseconds) / 1e6, 0.1, 30);
        return TimeSpan.FromSeconds(perCall * Math.Max(1, QueueCapacity / 2.0));
    }

    private bool TryRemove(LinkedListNode<WorkItem> place)
    {
        lock (_queue)
        {
            if (place.List is null)
                return false;
            _queue.Remove(place);
            return true;
        }
    }

    private void Loop()
    {
        while (Next() is { } item)
        {
            var start = TimeProvider.System.GetTimestamp();
            item.Run(_stopping.Token);
            var micros = (long)TimeProvider.System.GetElapsedTime(start).TotalMicroseconds;
            // a moving average is enough to tell a caller when to come back
            _ = Interlocked.Exchange(ref _busyMicroseconds, (Interlocked.Read(ref _busyMicroseconds) * 7 / 8) + (micros / 8));
        }
    }

    /// <summary>Waits for work; null when the runner stops and nothing is left to answer.</summary>
    private WorkItem? Next()
    {
        lock (_queue)
        {
            while (_queue.First is null)
            {
                if (_stopping.IsCancellationRequested)
                    return null;
                _ = Monitor.Wait(_queue);
            }

            var item = _queue.First.Value;
            _queue.RemoveFirst();
            return item;
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

        public Task<T> Task => _completion.Task;

        /// <summary>A caller that leaves while queued gets its answer at once, and its place is free for another.</summary>
        /// <param name="leaveQueue">Takes the item out of the queue; false when its work has begun.</param>
        public void WatchCancellation(Func<bool> leaveQueue) => _registration = caller.Register(() =>
        {
            if (leaveQueue())
                _ = _completion.TrySetCanceled(caller);
        });

        public override void Run(CancellationToken stopping)
        {
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
