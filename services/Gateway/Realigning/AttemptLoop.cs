using Grpc.Core;
using Realign.Gateway.Backends;
using Realign.V1;

namespace Realign.Gateway.Realigning;

/// <summary>
/// The attempts of one call, side by side where there are several Generators: each Generator makes one after the other, until one is
/// verified, all are made, or no time is left for another. What fails in the first attempt ends the call as its policy says; what fails in
/// a further one ends the attempts of that Generator.
/// </summary>
/// <param name="call">The call.</param>
/// <param name="flow">Makes an attempt.</param>
/// <param name="shares">Shares of the deadline.</param>
/// <param name="time">The clock.</param>
internal sealed class AttemptLoop(RealignCall call, AttemptFlow flow, StageShares shares, TimeProvider time) : IDisposable
{
    /// <summary>Time that must be left for another attempt, in durations of the slowest one so far.</summary>
    private const double Margin = 1.1;

    private readonly CancellationTokenSource _enough = new();
    private readonly TaskCompletionSource<ulong> _firstSeed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _lock = new();
    private readonly List<Attempt> _attempts = [];
    private TimeSpan _slowest;
    private bool _isOver;
    private bool _isOutOfTime;

    /// <summary>The attempts that were begun, in order.</summary>
    public IReadOnlyList<Attempt> Attempts => _attempts;

    /// <summary>Why there are no more of them.</summary>
    public AcceptReason Reason
    {
        get
        {
            if (call.Accept != Accept.Always && _attempts.Exists(attempt => attempt.IsVerified))
                return AcceptReason.Verified;
            var failures = _attempts.Select(attempt => attempt.Failure).OfType<StageException>().ToList();
            if (failures.Exists(failure => failure.StatusCode != StatusCode.DeadlineExceeded))
                return AcceptReason.AttemptFailed;
            if (failures.Count > 0)
                return AcceptReason.Deadline;
            if (call.Accept == Accept.Always)
                return AcceptReason.Always;
            return _isOutOfTime ? AcceptReason.Deadline : AcceptReason.BestOfAttempts;
        }
    }

    /// <summary>Makes the attempts.</summary>
    /// <param name="generators">What they are drawn with.</param>
    /// <param name="cancellationToken">Fires when the caller left.</param>
    /// <exception cref="StageException">The first attempt failed, and the call shall not go on.</exception>
    public Task RunAsync(IReadOnlyList<GeneratorBackend> generators, CancellationToken cancellationToken) =>
        SideBySide.RunAsync(
            generators.Select<GeneratorBackend, Func<CancellationToken, Task>>(generator => token => WorkAsync(generator, token)), cancellationToken);

    public void Dispose() => _enough.Dispose();

    private async Task WorkAsync(GeneratorBackend generator, CancellationToken cancellationToken)
    {
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _enough.Token);
        while (Begin() is { } attempt)
        {
            var start = time.GetTimestamp();
            try
            {
                await MakeAsync(attempt, generator, linked.Token);
            }
            catch (OperationCanceledException) when (_enough.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
            {
                attempt.Note = "given up: the call ended with another attempt";
                return;
            }

            if (End(attempt, time.GetElapsedTime(start)))
                await _enough.CancelAsync();
            if (attempt.Failure is not null)
                return;
        }
    }

    private Attempt? Begin()
    {
        lock (_lock)
        {
            if (_isOver || _attempts.Count == call.Attempts)
                return null;
            var attempt = new Attempt(_attempts.Count + 1);
            if (attempt.Number > 1 && ScheduleOf(attempt).End - time.GetUtcNow().UtcDateTime < _slowest * Margin)
            {
                _isOutOfTime = true;
                return null;
            }

            _attempts.Add(attempt);
            return attempt;
        }
    }

    private async Task MakeAsync(Attempt attempt, GeneratorBackend generator, CancellationToken cancellationToken)
    {
        var generate = call.Request.Generate;
        if (generate.HasSeed)
            _ = _firstSeed.TrySetResult(generate.Seed);
        if (attempt.Number > 1 || generate.HasSeed)
            attempt.Seed = unchecked(await _firstSeed.Task.WaitAsync(cancellationToken) + (ulong)(attempt.Number - 1));
        var stages = new StageRunner(call.Events, attempt.Number, ScheduleOf(attempt), time);
        var started = new AttemptStarted { Attempts = call.Attempts };
        if (attempt.Seed is { } seed)
            started.Seed = seed;
        await stages.WriteAsync(Stage.Coarse, new RealignResponse { AttemptStarted = started });
        try
        {
            await flow.RunAsync(attempt, call, stages, generator, drawn => _firstSeed.TrySetResult(drawn), cancellationToken);
        }
        catch (StageException failure) when (MayFail(attempt) && !cancellationToken.IsCancellationRequested)
        {
            attempt.Failure = failure;
            attempt.Note = failure.Status.Detail;
            var failed = new StageFailed { Code = (int)failure.StatusCode, Message = failure.Status.Detail };
            await stages.WriteAsync(failure.Stage, new RealignResponse { Failed = failed });
        }
    }

    /// <summary>Notes that an attempt has ended; whether the call has what it wants, or must end.</summary>
    private bool End(Attempt attempt, TimeSpan took)
    {
        lock (_lock)
        {
            _slowest = took > _slowest ? took : _slowest;
            _isOver |= attempt.IsVerified || (attempt.Number == 1 && attempt.Failure is not null);
            return _isOver;
        }
    }

    private bool MayFail(Attempt attempt) => attempt.Number > 1 || (call.GoesOn && attempt.Coarse is not null);

    private StageSchedule ScheduleOf(Attempt attempt) => new(call.Arrival, call.Deadline, shares, attempt.Number == 1);
}
