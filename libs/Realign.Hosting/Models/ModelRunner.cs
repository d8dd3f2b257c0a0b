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
    /// <summary>How long a thread that was told to stop may take; then the process ends without it.</summary>
    public static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(5);

    /// <summary>Most inputs that exist at a time, being made, waiting or in use.</summary>
    public const int InputSlots = 3;

    // also the lock that guards all fields below and the state of every job
    private readonly LinkedList<ModelJob> _queue = new();
    private readonly Queue<ModelJob> _unprepared = new();
    private readonly ModelActivity _activity;
    private readonly Thread _thread;
    private readonly ModelLife _life;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _stopping = new();
    private readonly CancellationToken _stop;
    private int _usedSlots;
    private bool _isStopping;
    private long _stoppedAt;

    /// <summary>Starts the thread.</summary>
    /// <param name="name">Name of the model, for messages and the thread.</param>
    /// <param name="queueCapacity">Calls that may wait, at least 1.</param>
    /// <param name="stallRule">When the model counts as stalled.</param>
    /// <param name="time">Clock.</param>
    public ModelRunner(string name, int queueCapacity, StallRule? stallRule = null, TimeProvider? time = null)
        : this(name, queueCapacity, stallRule ?? StallRule.Default, time ?? TimeProvider.System, ModelLife.None)
    {
    }

    internal ModelRunner(string name, int queueCapacity, StallRule stallRule, TimeProvider time, ModelLife life)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(queueCapacity, 1);
        Name = name;
        QueueCapacity = queueCapacity;
        _activity = new ModelActivity(name, stallRule, time);
        _time = time;
        _life = life;
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

    /// <summary>Why the model counts as stalled; null when it does not.</summary>
    public string? Stall
    {
        get
        {
            lock (_queue)
                return _activity.Stall;
        }
    }

    /// <summary>Whether the thread has ended.</summary>
    public bool IsEnded => !_thread.IsAlive;

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
        var job = new ModelWork<object?, TResult>(Name, null, (_, token) => work(token), cancellationToken) { State = ModelJobState.Ready };
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
        var job = new ModelWork<TInput, TResult>(Name, prepare, work, cancellationToken) { State = ModelJobState.Waiting };
        Admit(job);
        return job.Answer;
    }

    /// <summary>Tells the work in progress to end and answers calls that wait with UNAVAILABLE; does not wait.</summary>
    public void Stop()
    {
        ModelJob[] left;
        lock (_queue)
        {
            if (_isStopping)
                return;
            _isStopping = true;
            _stoppedAt = _time.GetTimestamp();
            left = [.. _queue];
            foreach (var job in left)
                Remove(job);
            Monitor.Pulse(_queue);
        }

        _stopping.Cancel();
        foreach (var job in left)
            job.Fail(ShuttingDown(Name));
    }

    /// <summary>Stops, and waits for the thread, but no longer than <see cref="StopLimit"/> after it was told to.</summary>
    public void Dispose()
    {
        Stop();
        var rest = StopLimit - _time.GetElapsedTime(_stoppedAt);
        if (_thread.Join(rest > TimeSpan.Zero ? rest : TimeSpan.Zero))
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
            if (_isStopping)
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
                if (job.State == ModelJobState.Waiting)
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
        var perCall = Math.Clamp(_activity.Average?.TotalSeconds ?? 0, 0.1, 30);
        return TimeSpan.FromSeconds(perCall * Math.Max(1, QueueCapacity / 2.0));
    }

    private void Leave(ModelJob job)
    {
        lock (_queue)
        {
            Remove(job);
            job.LeftAt = _time.GetTimestamp();
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
        var state = job.State;
        job.State = ModelJobState.Gone;
        if (state == ModelJobState.Ready)
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
        while (!_isStopping && _usedSlots < InputSlots && _unprepared.TryDequeue(out var job))
        {
            if (job.State != ModelJobState.Waiting)
                continue;
            _activity.Begin(job, ModelJobState.Preparing);
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
            _activity.End(job);
            if (job.State == ModelJobState.Preparing)
            {
                job.State = ModelJobState.Ready;
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
        _life.Begin(_stop);
        while (Next() is { } job)
        {
            var failure = job.Run(_stop);
            lock (_queue)
            {
                _activity.Measure(job);
                job.State = ModelJobState.Gone;
                FreeSlot(job);
            }

            if (failure is not (null or RealignException or OperationCanceledException))
                _life.AfterFailure(_stop);
            // not before: a check that never ends is a stall too
            lock (_queue)
                _activity.End(job);
        }

        _life.End();
    }

    /// <summary>Waits for work; null when the runner stops.</summary>
    private ModelJob? Next()
    {
        lock (_queue)
        {
            while (!_isStopping)
            {
                if (_queue.First?.Value is { State: ModelJobState.Ready } job)
                {
                    _queue.RemoveFirst();
                    job.Place = null;
                    _activity.Begin(job, ModelJobState.Running);
                    return job;
                }

                _ = Monitor.Wait(_queue);
            }

            return null;
        }
    }
}
