using Realign.Hosting.Scheduling;
using Realign.Testing;
using Shouldly;

namespace Realign.Hosting.Tests.Simulated;

/// <summary>Does with the real scheduler what a model's runner does, on a clock that jumps from event to event.</summary>
internal sealed class SimulatedModel(int capacity)
{
    private readonly ManualTime _time = new();
    private CallScheduler<SimulatedCall>? _scheduler;
    private readonly Stack<SimulatedCall> _running = new();
    private TimeSpan _stepEnds;

    public CallScheduler<SimulatedCall> Scheduler => _scheduler ??= new CallScheduler<SimulatedCall>(capacity, _time);

    public TimeSpan Now => _time.GetElapsedTime(0);

    /// <summary>How long a step of a call that yields takes.</summary>
    public static TimeSpan Step { get; } = TimeSpan.FromMilliseconds(20);

    /// <summary>Calls in the order in which their work began.</summary>
    public List<SimulatedCall> Started { get; } = [];

    /// <summary>Terms with a deadline.</summary>
    public static CallTerms Terms(string tenant = "", double? left = null, double size = 1, CallPriority priority = CallPriority.Normal) =>
        new(CancellationToken.None)
        {
            Tenant = tenant,
            TimeLeft = left is { } seconds ? TimeSpan.FromSeconds(seconds) : null,
            Size = size,
            Priority = priority,
        };

    /// <summary>Lets it learn that calls take as many seconds as their size.</summary>
    public SimulatedModel Teach()
    {
        foreach (var size in new[] { 1.0, 2, 1, 2 })
        {
            _ = Arrive(Terms(size: size), size);
            Advance(10);
        }

        Started.Clear();
        return this;
    }

    /// <summary>A call comes.</summary>
    public SimulatedCall Arrive(CallTerms terms, double? seconds = null)
    {
        var call = new SimulatedCall(terms, TimeSpan.FromSeconds(seconds ?? terms.Size)) { ArrivedAt = Now };
        var admission = Scheduler.Admit(call);
        if (admission.Refusal is { } refusal)
            call.Refused = (refusal, Now);
        if (admission.Evicted is { } evicted)
            evicted.Call.Refused = (evicted.Refusal, Now);
        Scheduler.Length.ShouldBeLessThanOrEqualTo(capacity);
        Work();
        return call;
    }

    /// <summary>Time passes.</summary>
    public void Advance(double seconds)
    {
        var end = Now + TimeSpan.FromSeconds(seconds);
        while (Now < end)
        {
            var next = end;
            if (_running.TryPeek(out var running))
            {
                var done = End(running);
                var turn = running.Terms.Yields && _running.Count == 1 && _stepEnds < done ? _stepEnds : done;
                next = turn < next ? turn : next;
            }

            // as the runner's timer: to the next millisecond
            if (Scheduler.UntilExpiry is { } left && Now + left + TimeSpan.FromMilliseconds(1) is var expiry && expiry < next)
                next = expiry;
            _time.Advance(next - Now);
            Work();
        }
    }

    // calls that are worked on together take half as long
    private static TimeSpan End(SimulatedCall call) => call.StartedAt + call.Paused + (call.Joined.Count == 0
        ? call.Duration
        : call.Joined.Cast<SimulatedCall>().Aggregate(call.Duration, (sum, joined) => sum + joined.Duration) / 2);

    private void Work()
    {
        while (_running.TryPeek(out var done) && End(done) <= Now)
        {
            foreach (var member in done.Joined.Cast<SimulatedCall>().Prepend(done))
                member.EndedAt = Now;
            Scheduler.End(done, isComplete: true);
            _ = _running.Pop();
            // the one that it went before does a step first
            _stepEnds = Now + Step;
        }

        foreach (var dropped in Scheduler.Expire())
            dropped.Call.Refused = (dropped.Refusal, Now);
        if (_running.Count == 0 && Scheduler.Order().FirstOrDefault() is { } next)
        {
            Begin(next);
        }
        else if (_running.Count == 1 && _stepEnds <= Now)
        {
            _stepEnds = Now + Step;
            if (Scheduler.Interrupting(_ => true) is { } first)
                Begin(first);
        }
    }

    private void Begin(SimulatedCall call)
    {
        Scheduler.Start(call, Scheduler.Companions(call, _ => true));
        Started.Add(call);
        _running.Push(call);
        _stepEnds = Now + Step;
    }
}
