using System.Net;
using Grpc.Core;
using Realign.Balancing.Addresses;
using Realign.Balancing.Calls;

namespace Realign.Balancing.Replicas;

/// <summary>
/// The replicas of one service: finds them, watches them, and chooses one for a call: of those that serve the one with the fewest calls, its
/// own and those that it reported; of equals the one that was chosen longest ago.
/// </summary>
public sealed class ReplicaSet : IDisposable
{
    private readonly BalancingOptions _options;
    private readonly TimeProvider _time;
    private readonly Func<string, CancellationToken, Task<IPAddress[]>> _lookUp;
    private readonly CancellationTokenSource _stopping = new();
    private readonly TaskCompletionSource _found = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _lock = new();
    private readonly Dictionary<Replica, long> _chosen = [];
    private Replica[] _replicas = [];
    private long _choices;

    /// <summary>Begins to find and watch them.</summary>
    /// <param name="address">Where they are.</param>
    /// <param name="options">How they are found, watched and called.</param>
    /// <param name="time">The clock.</param>
    public ReplicaSet(ServiceAddress address, BalancingOptions options, TimeProvider time)
        : this(address, options, time, Dns.GetHostAddressesAsync)
    {
    }

    internal ReplicaSet(
        ServiceAddress address, BalancingOptions options, TimeProvider time, Func<string, CancellationToken, Task<IPAddress[]>> lookUp)
    {
        ArgumentNullException.ThrowIfNull(address);
        Address = address;
        _options = options;
        _time = time;
        _lookUp = lookUp;
        Hedges = new HedgeBudget(options.HedgeBudgetPercent);
        Invoker = new BalancedInvoker(this, options, time, null);
        if (address.Name is null)
            Update(address.Replicas);
        else
            _ = RefreshAsync(address.Name, _stopping.Token);
    }

    /// <summary>Where they are.</summary>
    public ServiceAddress Address { get; }

    /// <summary>Calls the service: each call goes to the replica with the least to do, and to another when that one fails.</summary>
    public CallInvoker Invoker { get; }

    /// <summary>Those there are now; none where a name has no address.</summary>
    public IReadOnlyList<Replica> Replicas
    {
        get
        {
            lock (_lock)
                return _replicas;
        }
    }

    /// <summary>How many calls may be made twice.</summary>
    internal HedgeBudget Hedges { get; }

    /// <summary>Whether none of them answers anything, though something takes their connections.</summary>
    public bool IsSilent => Replicas is { Count: > 0 } all && all.All(replica => replica.State == ReplicaState.Silent);

    /// <summary>Takes different replicas that serve for several calls each; one that does not when there is no other.</summary>
    /// <param name="count">At most so many.</param>
    public IReadOnlyList<ReplicaLease> Lease(int count)
    {
        lock (_lock)
        {
            var ordered = Ordered(_replicas).ToList();
            var serving = ordered.TakeWhile((replica, index) => index == 0 || replica.State == ReplicaState.Serving).Take(count).ToList();
            foreach (var replica in serving)
                _chosen[replica] = ++_choices;
            return [.. serving.Select(replica => new ReplicaLease(replica, new BalancedInvoker(this, _options, _time, replica)))];
        }
    }

    /// <summary>Ends when a name was looked up for the first time, well or not; at once where the replicas are written down.</summary>
    /// <exception cref="OperationCanceledException">The token fired before.</exception>
    public Task FoundAsync(CancellationToken cancellationToken) => _found.Task.WaitAsync(cancellationToken);

    /// <summary>Stops watching; calls in flight end by themselves.</summary>
    public void Dispose()
    {
        _stopping.Cancel();
        Update([]);
    }

    /// <summary>Chooses one that was not tried, or else any; null when none answers. It counts as busy until its call is ended.</summary>
    internal Replica? Choose(Replica? preferred, IReadOnlySet<Replica> tried)
    {
        lock (_lock)
        {
            var usable = _replicas.Where(replica => replica.State != ReplicaState.Silent).ToList();
            var chosen = preferred is { State: ReplicaState.Serving } && usable.Contains(preferred) && !tried.Contains(preferred)
                ? preferred
                : Ordered(usable.Where(replica => !tried.Contains(replica))).FirstOrDefault() ?? Ordered(usable).FirstOrDefault();
            if (chosen is null)
                return null;
            _chosen[chosen] = ++_choices;
            chosen.BeginCall();
            return chosen;
        }
    }

    /// <summary>How long a call of a method may take before it is made a second time; null = it is not.</summary>
    internal TimeSpan? HedgeDelay(string method) => Hedges.IsOff || Replicas is not { Count: > 1 } all
        ? null
        : all.Where(replica => replica.State == ReplicaState.Serving).Min(replica => replica.Latencies.P95(method));

    /// <summary>
    /// Chooses one that serves and is no busier than the one that a call takes long at; null when there is none, or too many calls were made twice.
    /// It counts as busy until its call is ended.
    /// </summary>
    internal Replica? Hedge(Replica late)
    {
        lock (_lock)
        {
            var load = late.Load;
            var chosen = Ordered(_replicas.Where(replica => replica != late && replica.State == ReplicaState.Serving && replica.Load <= load)).FirstOrDefault();
            if (chosen is null || !Hedges.TrySpend())
                return null;
            _chosen[chosen] = ++_choices;
            chosen.BeginCall();
            return chosen;
        }
    }

    /// <summary>Whether there is one that was not tried and answers.</summary>
    internal bool HasOther(IReadOnlySet<Replica> tried) => Replicas.Any(replica => replica.State != ReplicaState.Silent && !tried.Contains(replica));

    private IEnumerable<Replica> Ordered(IEnumerable<Replica> replicas) =>
        replicas.OrderBy(replica => replica.State).ThenBy(replica => replica.Load).ThenBy(replica => _chosen.GetValueOrDefault(replica));

    private async Task RefreshAsync(Uri name, CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                var addresses = await _lookUp(name.IdnHost, cancellationToken);
                // a name that lost all its addresses for a moment keeps those it had
                if (addresses.Length > 0)
                    Update([.. addresses.Select(address => new Uri($"{name.Scheme}://{new IPEndPoint(address, name.Port)}"))]);
            }
            catch (Exception exception) when (exception is System.Net.Sockets.SocketException or OperationCanceledException)
            {
                // as above
            }

            _ = _found.TrySetResult();
            var wait = Replicas.Count == 0 && _options.Refresh > TimeSpan.FromSeconds(1) ? TimeSpan.FromSeconds(1) : _options.Refresh;
            await Task.Delay(wait, _time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private void Update(IReadOnlyList<Uri> addresses)
    {
        List<Replica> gone;
        lock (_lock)
        {
            var wanted = addresses.Select(address => address.GetLeftPart(UriPartial.Authority)).Distinct(StringComparer.Ordinal).ToList();
            var kept = _replicas.Where(replica => wanted.Contains(replica.Address)).ToList();
            gone = [.. _replicas.Except(kept)];
            foreach (var replica in gone)
                _ = _chosen.Remove(replica);
            foreach (var address in wanted.Where(address => !kept.Exists(replica => replica.Address == address)))
            {
                var number = Enumerable.Range(1, kept.Count + 1).First(free => !kept.Exists(replica => replica.Number == free));
                kept.Add(new Replica(number, new Uri(address), Address.Name, _options, _time));
            }

            _replicas = [.. kept.OrderBy(replica => replica.Number)];
        }

        if (Address.Name is null)
            _ = _found.TrySetResult();
        foreach (var replica in gone)
            replica.Dispose();
    }
}
