using Realign.Core.Errors;
using Realign.Hosting.Scheduling;
using Realign.Hosting.Telemetry;

namespace Realign.Hosting.Models;

/// <summary>
/// One thread that does all the work of one model, fed by a bounded queue in the order of <see cref="CallScheduler{TCall}"/>. Engines that are
/// bound to a thread (libtorch's dispose scopes, one llama context) are safe on it, and a call that cannot be worked on in time is told so at
/// once instead of piling up.
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

    private const int InputUnits = InputSlots * CallBatch.Full;

    [ThreadStatic]
    private static ModelRunner? _ofThisThread;

    // also the lock that guards all fields below and the state of every job
    private readonly CallScheduler<ModelJob> _queue;
    private readonly ModelActivity _activity;
    private readonly Thread _thread;
    private readonly ModelLife _life;
    private readonly TimeProvider _time;
    private readonly ServiceMetrics? _metrics;
    private readonly ModelCounters _counters;
    private readonly CancellationTokenSource _stopping = new();
    private readonly CancellationToken _stop;
    private readonly ITimer _expiry;
    private int _usedUnits;
    // of the model's thread: a call failed unexpectedly, and another is still at work
    private bool _isSuspect;
    private bool _isStopping;
    private long _stoppedAt;

    /// <summary>Starts the thread.</summary>
    /// <param name="name">Name of the model, for messages and the thread.</param>
    /// <param name="queueCapacity">Calls that may wait, at least 1.</param>
    /// <param name="stallRule">When the model counts as stalled.</param>
    /// <param name="time">Clock.</param>
    public ModelRunner(string name, int queueCapacity, StallRule? stallRule = null, TimeProvider? time = null)
        : this(name, queueCapacity, stallRule ?? StallRule.Default, time ?? TimeProvider.System, ModelLife.None, null)
    {
    }

    internal ModelRunner(
        string name, int queueCapacity, StallRule stallRule, TimeProvider time, ModelLife life, ServiceMetrics? metrics,
        ModelCounters? counters = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(queueCapacity, 1);
        Name = name;
        QueueCapacity = queueCapacity;
        _queue = new CallScheduler<ModelJob>(queueCapacity, time);
        _activity = new ModelActivity(name, stallRule, time, _queue.ExpectedOf);
        _time = time;
        _life = life;
        _metrics = metrics;
        _counters = counters ?? new ModelCounters();
        _stop = _stopping.Token;
        _expiry = time.CreateTimer(_ => Expire(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _thread = new Thread(Loop) { Name = $"model {name}", IsBackground = true };
        _thread.Start();
    }

    /// <summary>The runner whose thread this is; null = it is no runner's.</summary>
    internal static ModelRunner? OfThisThread => _ofThisThread;

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
                return _queue.Length;
        }
    }

    /// <summary>Calls that wait or are worked on now.</summary>
    public int QueueDepth
    {
        get
        {
            lock (_queue)
                return _queue.Depth;
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

    /// <summary>Whether an input is being made.</summary>
    internal bool IsPreparing
    {
        get
        {
            lock (_queue)
                return _queue.Order().Any(job => job.State == ModelJobState.Preparing);
        }
    }

    /// <summary>Whether the thread has ended.</summary>
    public bool IsEnded => !_thread.IsAlive;

    /// <summary>Runs work on the model's thread.</summary>
    /// <param name="work">Gets a token that fires when the caller is gone, its deadline passed, or the process stops. Must check it in its inner loop.</param>
    /// <param name="terms">
    /// What decides when it runs. A caller who leaves is answered at once and its place is free for another; work that has begun ends by itself,
    /// so nothing it uses may be disposed with the call.
    /// </param>
    /// <exception cref="ResourceExhaustedException">The queue is full, or the call cannot end in the time it has.</exception>
    /// <exception cref="UnavailableException">The process stops.</exception>
    /// <exception cref="OperationCanceledException">The token fired.</exception>
    public Task<TResult> RunAsync<TResult>(Func<CancellationToken, TResult> work, CallTerms terms)
    {
        var job = new ModelWork<object?, TResult>(Name, null, (_, token) => [work(token)], terms) { State = ModelJobState.Ready };
        Admit(job);
        return job.Answer;
    }

    /// <summary>
    /// Takes a place in the queue, then an input slot, makes the input, and runs work with it on the model's thread. The slot is free again when
    /// the model is done with the input, or when a call that was left has stopped making it.
    /// </summary>
    /// <param name="prepare">Makes the input under the caller's token, on a thread of its own. What it throws is the call's answer.</param>
    /// <param name="work">As of the other overload.</param>
    /// <param name="terms">As of the other overload.</param>
    /// <exception cref="ResourceExhaustedException">As of the other overload; nothing was prepared unless the call lost its place later.</exception>
    /// <exception cref="UnavailableException">The process stops.</exception>
    /// <exception cref="OperationCanceledException">The token fired.</exception>
    public Task<TResult> RunAsync<TInput, TResult>(
        Func<CancellationToken, TInput> prepare, Func<TInput, CancellationToken, TResult> work, CallTerms terms) =>
        RunTogetherAsync<TInput, TResult>(prepare, (inputs, token) => [work(inputs[0], token)], terms);

    /// <summary>
    /// As the other overload, for work on several calls in one pass: those that wait and have the same <see cref="CallTerms.Batch"/> key. Nobody waits
    /// for others to come. A pass that fails is done again for each of its calls alone, so each gets the answer it would get alone.
    /// </summary>
    /// <param name="prepare">As of the other overload.</param>
    /// <param name="work">Gets the inputs of one call or more, gives a result for each; its token fires when all of their callers left.</param>
    /// <param name="terms">As of the other overload.</param>
    public Task<TResult> RunTogetherAsync<TInput, TResult>(
        Func<CancellationToken, TInput> prepare, Func<IReadOnlyList<TInput>, CancellationToken, IReadOnlyList<TResult>> work, CallTerms terms)
    {
        var job = new ModelWork<TInput, TResult>(Name, prepare, work, terms) { State = ModelJobState.Waiting };
        Admit(job);
        return job.Answer;
    }

    /// <summary>
    /// Called by work between its steps, on the model's thread: lets others that the scheduler puts before it run first. They may use the model
    /// as if it were free, so the work must have left nothing in it that changes what others get.
    /// </summary>
    /// <exception cref="InvalidOperationException">It is another thread.</exception>
    public void Yield()
    {
        if (Thread.CurrentThread != _thread)
            throw new InvalidOperationException($"only work of {Name} yields, on its thread");
        while (Interrupting() is { } job)
            Work(job);
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
            left = [.. _queue.Order()];
            foreach (var job in left)
                Remove(job);
            Monitor.Pulse(_queue);
        }

        _stopping.Cancel();
        foreach (var job in left)
            End(job, ShuttingDown(Name));
    }

    /// <summary>Stops, and waits for the thread, but no longer than <see cref="StopLimit"/> after it was told to.</summary>
    public void Dispose()
    {
        Stop();
        _expiry.Dispose();
        var rest = StopLimit - _time.GetElapsedTime(_stoppedAt);
        if (_thread.Join(rest > TimeSpan.Zero ? rest : TimeSpan.Zero))
            _stopping.Dispose();
    }

    internal static UnavailableException ShuttingDown(string name) => new($"{name} is shutting down", "ask another replica");

    private void Admit(ModelJob job)
    {
        // before it is in the queue: a call may be done before the next line runs
        job.AdmittedAt = _time.GetTimestamp();
        job.Watch(Leave);
        RealignException? refusal = null;
        ModelJob? evicted = null;
        RealignException? eviction = null;
        lock (_queue)
        {
            if (_isStopping)
            {
                refusal = ShuttingDown(Name);
            }
            else if (!job.Caller.IsCancellationRequested)
            {
                var admission = _queue.Admit(job);
                refusal = Told(admission.Refusal);
                if (admission.Evicted is { } dropped)
                {
                    (evicted, eviction) = (dropped.Call, Told(dropped.Refusal));
                    Release(evicted);
                }

                Changed();
            }
        }

        if (evicted is not null)
            End(evicted, eviction!);
        if (refusal is not null)
        {
            Count(job, refusal);
            job.Unwatch();
            throw refusal;
        }
    }

    private void Leave(ModelJob job)
    {
        bool isWaiting;
        lock (_queue)
        {
            isWaiting = job.State is not (ModelJobState.Running or ModelJobState.Gone);
            Remove(job);
            job.LeftAt = _time.GetTimestamp();
            Changed();
        }

        var left = new OperationCanceledException(job.Caller);
        // work that has begun is counted when it ends
        if (isWaiting)
            Count(job, left);
        job.Fail(left);
    }

    /// <summary>Answers one that was not worked on.</summary>
    private void End(ModelJob job, Exception failure)
    {
        Count(job, failure);
        job.Fail(failure);
    }

    private void Count(ModelJob job, Exception? failure) => _counters.Ended(failure, _time.GetElapsedTime(job.AdmittedAt), _time.GetUtcNow());

    /// <summary>Answers those that wait and cannot end in time any more.</summary>
    private void Expire()
    {
        List<Dropped<ModelJob>> expired;
        lock (_queue)
        {
            expired = _queue.Expire();
            foreach (var dropped in expired)
                Release(dropped.Call);
            Changed();
        }

        foreach (var dropped in expired)
            End(dropped.Call, Told(dropped.Refusal)!);
    }

    private ResourceExhaustedException? Told(Refusal? refusal)
    {
        if (refusal is not null)
            _metrics?.Refused(Name, refusal.Reason.ToString());
        return refusal?.ToException(Name, QueueCapacity);
    }

    /// <summary>Whoever waits in the queue may have another turn: input slots, the timer and the model's thread look again.</summary>
    private void Changed()
    {
        if (_isStopping)
            return;
        GiveSlots();
        // rounded up: a timer that is early finds nothing to do
        var due = _queue.UntilExpiry is { } left
            ? TimeSpan.FromMilliseconds(Math.Min(Math.Floor(left.TotalMilliseconds) + 1, int.MaxValue))
            : Timeout.InfiniteTimeSpan;
        _ = _expiry.Change(due, Timeout.InfiniteTimeSpan);
        Monitor.Pulse(_queue);
    }

    /// <summary>Takes a job that waits out of the queue.</summary>
    private void Remove(ModelJob job)
    {
        if (job.State is ModelJobState.Running or ModelJobState.Gone)
            return;
        _queue.Remove(job);
        Release(job);
    }

    /// <summary>A job has left the queue; the slot of one whose input is being made is free when that has ended.</summary>
    private void Release(ModelJob job)
    {
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
        _usedUnits -= UnitsOf(job);
    }

    // calls that share a pass share an input slot too
    private static int UnitsOf(ModelJob job) => job.Terms.Batch?.Units ?? CallBatch.Full;

    private void GiveSlots()
    {
        if (_usedUnits >= InputUnits)
            return;
        foreach (var job in _queue.Order().Where(job => job.State == ModelJobState.Waiting))
        {
            if (_usedUnits + UnitsOf(job) > InputUnits)
                return;
            _activity.Begin(job, ModelJobState.Preparing);
            job.HasInputSlot = true;
            _usedUnits += UnitsOf(job);
            // a thread of its own: pictures that take long to decode must not keep the pool's few threads from answering health checks
            _ = Task.Factory.StartNew(() => Prepare(job), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        }
    }

    private void Prepare(ModelJob job)
    {
        var failure = job.Prepare(_stop);
        bool isOurs;
        lock (_queue)
        {
            _activity.End(job);
            isOurs = job.State == ModelJobState.Preparing;
            if (isOurs)
            {
                job.State = ModelJobState.Ready;
                if (failure is not null)
                    Remove(job);
            }
            else
            {
                FreeSlot(job);
            }

            Changed();
        }

        if (failure is not null && isOurs)
            End(job, failure);
    }

    private void Loop()
    {
        _ofThisThread = this;
        _life.Begin(_stop);
        while (Next() is { } job)
        {
            Work(job);
            if (!_isSuspect)
                continue;
            _isSuspect = false;
            // busy with the check until it ends: one that never does is a stall too
            lock (_queue)
                _activity.Begin(job, ModelJobState.Gone);
            _life.AfterFailure(_stop);
            lock (_queue)
                _activity.End(job);
        }

        _life.End();
    }

    private void Work(ModelJob job)
    {
        var failure = job.Run(_stop);
        Measure(job);
        foreach (var member in job.Members)
            Count(member, member.Failure);
        lock (_queue)
        {
            _queue.End(job, isComplete: failure is null);
            _activity.End(job);
            foreach (var member in job.Members)
            {
                member.State = ModelJobState.Gone;
                FreeSlot(member);
            }

            Changed();
        }

        // last: whoever has the answer and asks again finds the model free
        foreach (var member in job.Members)
            member.Finish();
        // checked when nothing else is at work on the model: the check may load it again
        _isSuspect |= failure is not (null or RealignException or OperationCanceledException);
    }

    private ModelJob? Interrupting()
    {
        Expire();
        lock (_queue)
        {
            if (_isStopping || _queue.Interrupting(job => job.State == ModelJobState.Ready) is not { } next)
                return null;
            Begin(next);
            return next;
        }
    }

    private void Begin(ModelJob job)
    {
        _queue.Start(job, _queue.Companions(job, other => other.State == ModelJobState.Ready));
        _activity.Begin(job, ModelJobState.Running);
        foreach (var member in job.Members)
        {
            member.State = ModelJobState.Running;
            var waited = _time.GetElapsedTime(member.AdmittedAt);
            _counters.Waited(waited);
            _metrics?.Waited(Name, waited);
        }

        if (job.Terms.Batch is not null)
            _metrics?.Joined(Name, 1 + job.Joined.Count);
    }

    private void Measure(ModelJob job)
    {
        var worked = _time.GetElapsedTime(job.ActiveSince);
        _counters.Worked(worked);
        _metrics?.Worked(Name, worked);
        if (job.AbandonedAt is { } left)
            _metrics?.BecameIdle(Name, _time.GetElapsedTime(left));
    }

    /// <summary>Waits for work; null when the runner stops.</summary>
    private ModelJob? Next()
    {
        while (true)
        {
            // outside the lock: it answers callers
            Expire();
            lock (_queue)
            {
                if (_isStopping)
                    return null;
                // one without a slot has to wait for one of those with a slot to be done
                var next = _queue.Order().FirstOrDefault(job => job.State is ModelJobState.Preparing or ModelJobState.Ready);
                if (next is { State: ModelJobState.Ready })
                {
                    Begin(next);
                    return next;
                }

                _ = Monitor.Wait(_queue);
            }
        }
    }
}
