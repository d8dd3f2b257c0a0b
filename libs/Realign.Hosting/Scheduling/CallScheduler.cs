namespace Realign.Hosting.Scheduling;

/// <summary>
/// Decides which calls a model takes and in which order it works on them, from what such calls took before (<see cref="CostModel"/>). Not
/// thread-safe; starts nothing and waits for nothing.
/// <list type="bullet">
/// <item>A call is refused at once when the rest of the running one, those that go before it, and its own work take more time than it has. A
/// call that waits is dropped as soon as it could not end in time if it began now.</item>
/// <item>Next is the tenant that had least of the model (start-time fair queueing); a tenant that comes back starts level with the one that
/// has least. Within a tenant a call that continues a flow goes first, then the order of admission. Across tenants such a call goes before
/// others too, as long as its tenant is ahead by no more than four such calls.</item>
/// <item>Between the steps of a call that yields, another may go before it: one that continues a flow, has an earlier deadline, or takes no more than
/// a quarter of what is left of it; and only if it still ends in time itself and has had half of the time so far.</item>
/// <item>Calls of one batch are worked on together, whatever their tenants; each tenant is charged for its part.</item>
/// <item>A full queue makes room for a continuing call, and for one of a tenant with fewer places: the newest call of the tenant with most
/// places loses its own.</item>
/// </list>
/// </summary>
/// <typeparam name="TCall">The calls.</typeparam>
/// <param name="capacity">Calls that may wait.</param>
/// <param name="time">The clock.</param>
internal sealed class CallScheduler<TCall>(int capacity, TimeProvider time)
    where TCall : ScheduledCall
{
    /// <summary>How far ahead a tenant may be for its continuing call to go first, in such calls.</summary>
    private const double PriorityLead = 4;

    /// <summary>How many times longer the rest of a call must be for a short one to go before it.</summary>
    private const double MuchShorter = 4;

    /// <summary>An estimate this old lets a call try whether it still holds.</summary>
    private static readonly TimeSpan _recheck = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan _leastRetry = TimeSpan.FromMilliseconds(1);

    // in the order of admission
    private readonly List<TCall> _waiting = [];
    private readonly Dictionary<string, TenantShare> _tenants = new(StringComparer.Ordinal);
    private readonly Dictionary<string, CostModel> _costs = new(StringComparer.Ordinal);
    // one, and one that went before it
    private readonly List<TCall> _running = [];
    private long _admitted;

    /// <summary>Calls that wait.</summary>
    public int Length => _waiting.Count;

    /// <summary>Calls that wait or are worked on.</summary>
    public int Depth => _waiting.Count + Members().Count();

    /// <summary>Time until a call that waits could not end in time any more; null when there is none with a deadline.</summary>
    public TimeSpan? UntilExpiry => _waiting.Min(LatestStart) is { } latest ? latest > Now ? latest - Now : TimeSpan.Zero : null;

    private TimeSpan Now => time.GetElapsedTime(0);

    /// <summary>Gives a call a place, or says why not.</summary>
    public Admission<TCall> Admit(TCall call)
    {
        var isFull = _waiting.Count >= capacity;
        var victim = isFull ? Victim(call) : null;
        if (isFull && victim is null)
            return new Admission<TCall>(new Refusal(RefusalReason.QueueFull, UntilHalf(), Wait(_waiting), TimeSpan.Zero), null);
        call.Number = ++_admitted;
        call.Deadline = call.Terms.TimeLeft is { } left ? Now + left : null;
        Enter(call);
        _waiting.Add(call);
        if (Check(call, victim) is { } refusal)
        {
            Remove(call);
            return new Admission<TCall>(refusal, null);
        }

        if (victim is null)
            return default;
        Remove(victim);
        return new Admission<TCall>(
            null, new Dropped<TCall>(victim, new Refusal(RefusalReason.PlaceTaken, UntilHalf(), Wait(_waiting), TimeSpan.Zero)));
    }

    /// <summary>The calls that wait in the order in which the model would work on them if none came and none left.</summary>
    /// <param name="without">One that is left out.</param>
    public IEnumerable<TCall> Order(TCall? without = null)
    {
        var next = new PriorityQueue<TenantLine, (double Key, int Priority, long Number)>();
        foreach (var tenant in _waiting.Where(call => call != without).GroupBy(call => call.Terms.Tenant))
        {
            var line = new TenantLine(
                [.. tenant.OrderByDescending(call => call.Terms.Priority).ThenBy(call => call.Number)], _tenants[tenant.Key].Served);
            next.Enqueue(line, KeyOf(line));
        }

        while (next.TryDequeue(out var line, out _))
        {
            var call = line.Calls.Dequeue();
            yield return call;
            if (line.Calls.Count == 0)
                continue;
            line.Served += Expected(call);
            next.Enqueue(line, KeyOf(line));
        }
    }

    /// <summary>Takes those out that could not end in time if they began now.</summary>
    public List<Dropped<TCall>> Expire()
    {
        var now = Now;
        if (!_waiting.Exists(call => LatestStart(call) < now))
            return [];
        var dropped = new List<Dropped<TCall>>();
        var wait = Rest();
        foreach (var call in Order())
        {
            if (LatestStart(call) < now)
                dropped.Add(new Dropped<TCall>(call, new Refusal(RefusalReason.TooLate, AtLeast(wait), Span(wait), Span(Likely(call)))));
            else
                wait += Expected(call);
        }

        foreach (var drop in dropped)
            Remove(drop.Call);
        return dropped;
    }

    /// <summary>
    /// Those that can be worked on together with the next call: of its batch, as many as fit into one pass. None of them, and none that is passed
    /// over, may come too late for it.
    /// </summary>
    /// <param name="call">The next call.</param>
    /// <param name="isCandidate">Which of those that wait could.</param>
    public List<TCall> Companions(TCall call, Func<TCall, bool> isCandidate)
    {
        var companions = new List<TCall>();
        if (call.Terms is not { Batch: { } batch, Yields: false })
            return companions;
        var (units, size, latest) = (batch.Units, call.Terms.Size, call.Deadline ?? TimeSpan.MaxValue);
        foreach (var other in Order(call))
        {
            var together = Now + Span(CostOf(call).Expected(size + other.Terms.Size));
            if (other.Terms is { Batch: { } own, Yields: false } terms && terms.Kind == call.Terms.Kind && own.Key.Equals(batch.Key)
                && units + own.Units <= CallBatch.Full && isCandidate(other) && together <= Earlier(latest, other.Deadline))
            {
                companions.Add(other);
                units += own.Units;
                size += terms.Size;
                latest = Earlier(latest, other.Deadline);
            }
            else
            {
                latest = Earlier(latest, LatestStart(other));
            }
        }

        return companions;
    }

    /// <summary>Work on a call that waits begins.</summary>
    /// <param name="call">It.</param>
    /// <param name="joined">Others that wait and are worked on together with it.</param>
    public void Start(TCall call, IReadOnlyList<TCall> joined)
    {
        foreach (var member in joined.Prepend(call))
        {
            _ = _waiting.Remove(member);
            var share = _tenants[member.Terms.Tenant];
            member.StartedAt = Now;
            member.StartTag = share.Served;
            member.Charged = Expected(member);
            share.Served += member.Charged;
        }

        call.Joined = joined;
        _running.Add(call);
    }

    /// <summary>The call that goes before the running one between two of its steps; null when there is none.</summary>
    /// <param name="isCandidate">Which of those that wait could.</param>
    public TCall? Interrupting(Func<TCall, bool> isCandidate) =>
        _running is [{ Terms.Yields: true } outer] ? Order().FirstOrDefault(call => isCandidate(call) && GoesBefore(call, outer)) : null;

    /// <summary>Work on the running call has ended.</summary>
    /// <param name="call">It.</param>
    /// <param name="isComplete">Whether all of it was done; else what it took is only a lower bound.</param>
    public void End(TCall call, bool isComplete)
    {
        var took = Took(call);
        if (isComplete || took > Expected(call))
        {
            var cost = CostOf(call);
            cost.Learn(call.WorkSize, took);
            cost.CheckedAt = Now;
        }

        _ = _running.Remove(call);
        foreach (var outer in _running)
            outer.Paused += Now - call.StartedAt;
        foreach (var member in MembersOf(call))
            _tenants[member.Terms.Tenant].Served += (took * member.Terms.Size / call.WorkSize) - member.Charged;
        Leave(MembersOf(call));
    }

    /// <summary>Takes a call out that waits.</summary>
    public void Remove(TCall call)
    {
        if (_waiting.Remove(call))
            Leave([call]);
    }

    /// <summary>How long a call is expected to take; zero while nothing is known of its kind.</summary>
    public TimeSpan ExpectedOf(TCall call) => Span(Expected(call));

    private (double Key, int Priority, long Number) KeyOf(TenantLine line)
    {
        var call = line.Calls.Peek();
        var lead = call.Terms.Priority == CallPriority.Continuing ? PriorityLead * Expected(call) : 0;
        return (line.Served - lead, -(int)call.Terms.Priority, call.Number);
    }

    private Refusal? Check(TCall call, TCall? victim)
    {
        if (call.Terms.TimeLeft is not { } span)
            return null;
        var (left, own) = (span.TotalSeconds, Likely(call));
        var before = Order(victim).TakeWhile(other => other != call).Sum(Expected);
        var wait = _running is [{ Terms.Yields: true } outer] && GoesBefore(call, outer) ? before : Rest() + before;
        if (own > left)
        {
            var cost = CostOf(call);
            if (Now - cost.CheckedAt < _recheck)
                return new Refusal(RefusalReason.TooLong, AtLeast(wait), Span(wait), Span(own));
            cost.CheckedAt = Now;
            call.IsTrial = true;
            own = 0;
        }

        return wait + own <= left ? null : new Refusal(RefusalReason.TooLate, AtLeast(wait + own - left), Span(wait), Span(own));
    }

    /// <summary>The newest call that would give up its place: one of the tenant with most places, never one that continues a flow.</summary>
    private TCall? Victim(TCall call)
    {
        var places = _waiting.CountBy(other => other.Terms.Tenant).ToDictionary(StringComparer.Ordinal);
        var own = places.GetValueOrDefault(call.Terms.Tenant);
        return _waiting
            .Where(other => other.Terms.Priority == CallPriority.Normal
                && (call.Terms.Priority == CallPriority.Continuing || places[other.Terms.Tenant] > own + 1))
            .OrderByDescending(other => places[other.Terms.Tenant]).ThenByDescending(other => other.Number).FirstOrDefault();
    }

    private void Enter(TCall call)
    {
        if (!_tenants.TryGetValue(call.Terms.Tenant, out var share))
            _tenants[call.Terms.Tenant] = share = new TenantShare();
        if (share.Calls++ == 0)
            share.Served = Math.Max(share.Served, Floor(call.Terms.Tenant));
    }

    private IEnumerable<ScheduledCall> Members() => _running.SelectMany(MembersOf);

    private static IEnumerable<ScheduledCall> MembersOf(TCall call) => call.Joined.Prepend(call);

    private static TimeSpan Earlier(TimeSpan first, TimeSpan? second) => second < first ? second.Value : first;

    private void Leave(IEnumerable<ScheduledCall> calls)
    {
        foreach (var call in calls)
            _tenants[call.Terms.Tenant].Calls--;
        if (Depth == 0)
        {
            // nobody was kept waiting by what they had
            _tenants.Clear();
            return;
        }

        var floor = Floor(null);
        foreach (var (name, share) in _tenants)
        {
            if (share.Calls == 0 && share.Served <= floor)
                _ = _tenants.Remove(name);
        }
    }

    /// <summary>What the tenant with least has had, the running call not counted.</summary>
    private double Floor(string? except)
    {
        var active = _tenants.Where(tenant => tenant.Value.Calls > 0 && tenant.Key != except)
            .Select(tenant => Members().Where(call => call.Terms.Tenant == tenant.Key).Select(call => call.StartTag).DefaultIfEmpty(tenant.Value.Served).Min())
            .ToList();
        return active.Count == 0 ? 0 : active.Min();
    }

    private CostModel CostOf(TCall call)
    {
        if (!_costs.TryGetValue(call.Terms.Kind, out var cost))
            _costs[call.Terms.Kind] = cost = new CostModel();
        return cost;
    }

    private double Expected(TCall call) => CostOf(call).Expected(call.WorkSize);

    private double Likely(TCall call) => CostOf(call).Likely(call.WorkSize);

    private TimeSpan? LatestStart(TCall call) => call.IsTrial ? call.Deadline : call.Deadline - Span(Likely(call));

    /// <summary>Seconds of work done for a call that runs.</summary>
    private double Took(TCall call)
    {
        var until = _running is [var outer, var inner] && call == outer ? inner.StartedAt : Now;
        return (until - call.StartedAt - call.Paused).TotalSeconds;
    }

    /// <summary>Seconds until the model is free.</summary>
    private double Rest() => _running.Sum(RestOf);

    /// <summary>Seconds until a running call ends; of one that takes longer than expected, an eighth of what it took so far.</summary>
    private double RestOf(TCall call)
    {
        if (!CostOf(call).IsKnown)
            return 0;
        var took = Took(call);
        return took < Expected(call) ? Expected(call) - took : took / 8;
    }

    private bool GoesBefore(TCall call, TCall running)
    {
        var (own, rest) = (Likely(call), RestOf(running));
        if (own == 0 || call.IsTrial || running.Paused.TotalSeconds > Took(running) || Now + Span(rest + own) > (running.Deadline ?? TimeSpan.MaxValue))
            return false;
        return call.Terms.Priority != running.Terms.Priority
            ? call.Terms.Priority > running.Terms.Priority
            : (call.Deadline ?? TimeSpan.MaxValue) < (running.Deadline ?? TimeSpan.MaxValue) || own * MuchShorter <= rest;
    }

    private TimeSpan Wait(IEnumerable<TCall> before) => Span(Rest() + before.Sum(Expected));

    /// <summary>When the running call and half of those that wait are done; while nothing is known, as long again as the running one took.</summary>
    private TimeSpan UntilHalf()
    {
        var rest = _running.Sum(call => CostOf(call).IsKnown ? RestOf(call) : Took(call));
        return AtLeast(rest + (_waiting.Sum(Expected) / 2));
    }

    private static TimeSpan AtLeast(double seconds) => Span(seconds) is var span && span > _leastRetry ? span : _leastRetry;

    private static TimeSpan Span(double seconds) => TimeSpan.FromSeconds(Math.Min(seconds, TimeSpan.MaxValue.TotalSeconds / 4));

    /// <summary>The calls of one tenant, and what it would have had when the first of them begins.</summary>
    private sealed class TenantLine(IEnumerable<TCall> calls, double served)
    {
        public Queue<TCall> Calls { get; } = new(calls);

        public double Served { get; set; } = served;
    }
}
