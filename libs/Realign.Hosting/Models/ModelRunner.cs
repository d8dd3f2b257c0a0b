using Realign.Core.Errors;

namespace Realign.Hosting.Models;

/// <summary>
/// One thread that does all the work of one model, fed by a bounded queue in the order of admission. Engines that are bound to a thread
/// (libtorch's dispose scopes, one llama context) are safe on it, and a full queue answers at once instead of piling up.
/// <para>
/// Inputs that are large (a decoded picture) are made after the call has its place in the queue, on a thread of their own, and at most
/// <see cref="InputSlots"/> of them exist at a time: one the model works on and two that wait for it.
/// </para>
/// </summary>
public sealed class ModelRunner : IDisposable
{
    /// <summary>Most inputs that exist at a time, being made, waiting or in use.</summary>
    public const int InputSlots = 3;

    // also the lock that guards all fields below and the state of every job
    private readonly LinkedList<ModelJob> _queue = new();
    private readonly Queue<ModelJob> _unprepared = new();
    private readonly Thread _thread;
    private readonly CancellationTokenSource _stopping = new();
    private readonly CancellationToken _stop;
    private int _usedSlots;
    private long _busyMicroseconds;

    /// <summary>Starts the thread.</summary>
    /// <param name="name">Name of the model, for messages and the thread.</param>
    /// <param name="queueCapacity">Calls that may wait, at least 1.</param>
    public ModelRunner(string name, int queueCapacity)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(queueCapacity, 1);
        Name = name;
        QueueCapacity = queueCapacity;
        _stop = _stopping.Token;
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
    /// <param name="cancellationToken">
    /// The caller's token. A caller who leaves is answered at once and its place is free for another; work that has begun ends by itself,
    /// so nothing it uses may be disposed with the call.
    /// </param>
    /// <exception cref="ResourceExhaustedException">The queue is full.</exception>
    /// <exception cref="UnavailableException">The process stops.</exception>
    /// <exception cref="OperationCanceledException">The token fired.</exception>
    public Task<TResult> RunAsync<TResult>(Func<CancellationToken, TResult> work, CancellationToken cancellationToken)
    {
        var job = new ModelWork<object?, TResult>(Name, null, (_, token) => work(token), cancellationToken) { Stage = ModelJobStage.Ready };
        Admit(job);
        return job.Answer;
    }

    /// <summary>
    /// Takes a place in the queue, then an input slot, makes the input, and runs work with it on the model's thread. The slot is free again when
    /// the model is done with the input, or when a call that was left has stopped making it.
    /// </summary>
    /// <param name="prepare">Makes the input under the caller's token, on a thread of its own. What it throws is the call's answer.</param>
    /// <param name="work">As of the other overload.</param>
    /// <param name="cancellationToken">As of the other overload.</param>
    /// <exception cref="ResourceExhaustedException">The queue is full; nothing was prepared.</exception>
    /// <exception cref="UnavailableException">The process stops.</exception>
    /// <exception cref="OperationCanceledException">The token fired.</exception>
    public Task<TResult> RunAsync<TInput, TResult>(
        Func<CancellationToken, TInput> prepare, Func<TInput, CancellationToken, TResult> work, CancellationToken cancellationToken)
    {
        var job = new ModelWork<TInput, TResult>(Name, prepare, work, cancellationToken) { Stage = ModelJobStage.Waiting };
        Admit(job);
        return job.Answer;
    }

    /// <summary>Stops after the work in progress was told to end; calls that wait are answered UNAVAILABLE.</summary>
    public void Dispose()
    {
        if (_stop.IsCancellationRequested)
            return;
        _stopping.Cancel();
        ModelJob[] left;
        lock (_queue)
        {
            left = [.. _queue];
            foreach (var job in left)
                Remove(job);
            Monitor.Pulse(_queue);
        }

        foreach (var job in left)
            job.Fail(ShuttingDown(Name));
        _thread.Join();
        _stopping.Dispose();
    }

    internal static UnavailableException ShuttingDown(string name) => new($"{name} is shutting down", "ask another replica");

    private void Admit(ModelJob job)
    {
        // before it is in the queue: a call may be done before the next line runs
        job.Watch(Leave);
        RealignException? refusal = null;
        lock (_queue)
        {
            if (_stop.IsCancellationRequested)
            {
                refusal = ShuttingDown(Name);
            }
            else if (_queue.Count >= QueueCapacity)
            {
                refusal = new ResourceExhaustedException($"the queue of {Name} is full ({QueueCapacity} calls wait)",
                    "ask again later, send fewer calls at once, or add a replica", RetryAfter());
            }
            else if (!job.Caller.IsCancellationRequested)
            {
                job.Place = _queue.AddLast(job);
                if (job.Stage == ModelJobStage.Waiting)
                    _unprepared.Enqueue(job);
                GiveSlots();
                Monitor.Pulse(_queue);
            }
        }

        if (refusal is not null)
        {
            job.Unwatch();
            throw refusal;
        }
    }

    private TimeSpan RetryAfter()
    {
        var perCall = Math.Clamp(_busyMicroseconds / 1e6, 0.1, 30);
        return TimeSpan.FromSeconds(perCall * Math.Max(1, QueueCapacity / 2.0));
    }

    private void Leave(ModelJob job)
    {
        lock (_queue)
        {
            Remove(job);
            Monitor.Pulse(_queue);
        }

        job.Fail(new OperationCanceledException(job.Caller));
    }

    /// <summary>Takes a job that waits out of the queue; the slot of one whose input is being made is free when that has ended.</summary>
    private void Remove(ModelJob job)
    {
        if (job.Place is null)
            return;
        _queue.Remove(job.Place);
        job.Place = null;
        var stage = job.Stage;
        job.Stage = ModelJobStage.Gone;
        if (stage == ModelJobStage.Ready)
            FreeSlot(job);
    }

    private void FreeSlot(ModelJob job)
    {
        if (!job.HasInputSlot)
            return;
        job.HasInputSlot = false;
        _usedSlots--;
        GiveSlots();
    }

    private void GiveSlots()
    {
        while (_usedSlots < InputSlots && _unprepared.TryDequeue(out var job))
        {
            if (job.Stage != ModelJobStage.Waiting)
                continue;
            job.Stage = ModelJobStage.Preparing;
            job.HasInputSlot = true;
            _usedSlots++;
            // a thread of its own: pictures that take long to decode must not keep the pool's few threads from answering health checks
            _ = Task.Factory.StartNew(() => Prepare(job), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        }
    }

    private void Prepare(ModelJob job)
    {
        var failure = job.Prepare(_stop);
        lock (_queue)
        {
            if (job.Stage == ModelJobStage.Preparing)
            {
                job.Stage = ModelJobStage.Ready;
                if (failure is not null)
                    Remove(job);
            }
            else
            {
                FreeSlot(job);
            }

            Monitor.Pulse(_queue);
        }

        if (failure is not null)
            job.Fail(failure);
    }

    private void Loop()
    {
        while (Next() is { } job)
        {
            var start = TimeProvider.System.GetTimestamp();
            _ = job.Run(_stop);
            var micros = (long)TimeProvider.System.GetElapsedTime(start).TotalMicroseconds;
            lock (_queue)
            {
                job.Stage = ModelJobStage.Gone;
                FreeSlot(job);
                // a moving average is enough to tell a caller when to come back
                _busyMicroseconds = (_busyMicroseconds * 7 / 8) + (micros / 8);
            }
        }
    }

    /// <summary>Waits for work; null when the runner stops.</summary>
    private ModelJob? Next()
    {
        lock (_queue)
        {
            while (!_stop.IsCancellationRequested)
            {
                if (_queue.First?.Value is { Stage: ModelJobStage.Ready } job)
                {
                    _queue.RemoveFirst();
                    job.Place = null;
                    job.Stage = ModelJobStage.Running;
                    return job;
                }

                _ = Monitor.Wait(_queue);
            }

            return null;
        }
    }
}
