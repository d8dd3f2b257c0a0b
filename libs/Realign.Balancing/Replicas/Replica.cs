using System.Globalization;
using Grpc.Core;
using Grpc.Health.V1;
using Grpc.Net.Client;
using Realign.Balancing.Calls;
using Realign.Core.Calls;

namespace Realign.Balancing.Replicas;

/// <summary>One process of a service: the channel to it, what it is busy with, and whether it answers.</summary>
public sealed class Replica : IDisposable
{
    /// <summary>How long the depth that it reported counts.</summary>
    private static readonly TimeSpan _reportLife = TimeSpan.FromSeconds(5);

    /// <summary>How much busier one counts that lost a call to another, for as long as a report counts.</summary>
    private const int Handicap = 4;

    private static readonly TimeSpan _longestPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan _shortestPause = TimeSpan.FromMilliseconds(50);

    private readonly BalancingOptions _options;
    private readonly TimeProvider _time;
    private readonly SocketsHttpHandler _handler;
    private readonly ReplicaCircuit _circuit;
    private readonly CancellationTokenSource _retired = new();
    private readonly Lock _lock = new();
    private CancellationTokenSource _silence = new();
    private int _calls;
    private long _sentCalls;
    private int _leases;
    private int _othersDepth;
    private long _reportedAt;
    private long? _lostAt;
    private bool _isDisposed;

    /// <param name="number">Which one of its service, from 1.</param>
    /// <param name="address">Where it is.</param>
    /// <param name="name">Name and port that it was found by; null where its address was written down.</param>
    /// <param name="options">How it is watched and called.</param>
    /// <param name="time">The clock.</param>
    internal Replica(int number, Uri address, Uri? name, BalancingOptions options, TimeProvider time)
    {
        Number = number;
        Address = address.GetLeftPart(UriPartial.Authority);
        _options = options;
        _time = time;
        _circuit = new ReplicaCircuit(options.SilentAfter, time);
        _handler = new SocketsHttpHandler
        {
            EnableMultipleHttp2Connections = true,
            // a peer that vanished without closing its connection is noticed while a call waits for it
            KeepAlivePingDelay = TimeSpan.FromSeconds(20),
            KeepAlivePingTimeout = TimeSpan.FromSeconds(10),
            KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
            InitialHttp2StreamWindowSize = 4 << 20,
            ConnectTimeout = TimeSpan.FromSeconds(5),
            UseProxy = options.UseProxy,
            SslOptions = options.Tls,
        };
        Channel = GrpcChannel.ForAddress(address, new GrpcChannelOptions
        {
            HttpHandler = name is null ? _handler : new NamedPeer(name, _handler),
            MaxReceiveMessageSize = options.MaxMessageBytes,
            MaxSendMessageSize = options.MaxMessageBytes,
            InitialReconnectBackoff = TimeSpan.FromMilliseconds(50),
            MaxReconnectBackoff = TimeSpan.FromSeconds(1),
        });
        Health = new Health.HealthClient(Channel);
        _ = WatchAsync(_retired.Token);
    }

    /// <summary>Which one of its service, from 1.</summary>
    public int Number { get; }

    /// <summary>Where it is, e.g. <c>http://10.0.0.7:5101</c>.</summary>
    public string Address { get; }

    /// <summary>Asks it for its health.</summary>
    public Health.HealthClient Health { get; }

    /// <summary>Calls that were ever sent to it.</summary>
    public long SentCalls
    {
        get
        {
            lock (_lock)
                return _sentCalls;
        }
    }

    /// <summary>Whether calls are sent to it.</summary>
    public ReplicaState State => _circuit.State;

    internal GrpcChannel Channel { get; }

    /// <summary>How long its answers took.</summary>
    internal ReplicaLatencies Latencies { get; } = new();

    /// <summary>Whether it ever answered.</summary>
    internal bool HasAnswered => _circuit.HasAnswered;

    /// <summary>
    /// Calls of this process that it works on or that are meant for it, and those of others that it reported; more while it is known to be slow.
    /// </summary>
    internal int Load
    {
        get
        {
            lock (_lock)
                return _calls + _leases + (_reportedAt != 0 && _time.GetElapsedTime(_reportedAt) < _reportLife ? _othersDepth : 0)
                    + (_lostAt is { } lost && _time.GetElapsedTime(lost) < _reportLife ? Handicap : 0);
        }
    }

    /// <summary>Fires when it becomes silent.</summary>
    internal CancellationToken Silence
    {
        get
        {
            lock (_lock)
                return _silence.Token;
        }
    }

    /// <summary>Stops watching it; calls in flight end by themselves, and the channel with the last of them.</summary>
    public void Dispose()
    {
        _retired.Cancel();
        DisposeIfDone();
    }

    internal void BeginCall()
    {
        lock (_lock)
        {
            _sentCalls++;
            _calls++;
        }
    }

    internal void EndCall()
    {
        lock (_lock)
            _calls--;
        DisposeIfDone();
    }

    internal void BeginLease()
    {
        lock (_lock)
            _leases++;
    }

    internal void EndLease()
    {
        lock (_lock)
            _leases--;
        DisposeIfDone();
    }

    /// <summary>It sent a message of a call.</summary>
    internal void Spoke() => _circuit.Spoke();

    /// <summary>A call to it has ended.</summary>
    /// <param name="trailers">What it said last.</param>
    internal void Answered(Metadata trailers)
    {
        _circuit.Spoke();
        Note(trailers);
    }

    /// <summary>Another one answered a call that it had longer.</summary>
    internal void Lost()
    {
        lock (_lock)
            _lostAt = _time.GetTimestamp();
    }

    /// <summary>A call to it failed.</summary>
    internal void Failed(PeerProblem problem, Metadata trailers)
    {
        if (problem is PeerProblem.Unreachable or PeerProblem.Lost)
            _circuit.Refused();
        else if (problem is PeerProblem.None)
            Answered(trailers);
    }

    private void Note(Metadata trailers)
    {
        if (!int.TryParse(trailers.GetValue(CallMetadata.QueueDepth), NumberStyles.None, CultureInfo.InvariantCulture, out var depth))
            return;
        lock (_lock)
        {
            _othersDepth = Math.Max(0, depth - _calls);
            _reportedAt = _time.GetTimestamp();
        }
    }

    private void DisposeIfDone()
    {
        lock (_lock)
        {
            if (_isDisposed || !_retired.IsCancellationRequested || _calls + _leases > 0)
                return;
            _isDisposed = true;
        }

        Channel.Dispose();
        _handler.Dispose();
    }

    private async Task WatchAsync(CancellationToken cancellationToken)
    {
        var pause = _shortestPause;
        while (!cancellationToken.IsCancellationRequested)
        {
            await CheckAsync(cancellationToken);
            // what is away is looked for more often at first
            pause = State == ReplicaState.Serving ? _shortestPause : pause * 2 < _longestPause ? pause * 2 : _longestPause;
            await Task.Delay(State == ReplicaState.Serving ? _options.HealthInterval : pause, _time, cancellationToken)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task CheckAsync(CancellationToken cancellationToken)
    {
        try
        {
            var deadline = _time.GetUtcNow().UtcDateTime + _options.HealthTimeout;
            var answer = await Health.CheckAsync(new HealthCheckRequest(), deadline: deadline, cancellationToken: cancellationToken);
            _circuit.Answered(answer.Status == HealthCheckResponse.Types.ServingStatus.Serving);
            Revive();
        }
        catch (RpcException failure) when (!cancellationToken.IsCancellationRequested)
        {
            Judge(failure);
        }
        catch (Exception exception) when (exception is RpcException or OperationCanceledException or ObjectDisposedException)
        {
            // it is no replica any more
        }
    }

    private void Judge(RpcException failure)
    {
        switch (PeerProblems.Of(failure))
        {
            case PeerProblem.Unreachable or PeerProblem.Lost:
                _circuit.Refused();
                Revive();
                break;
            case PeerProblem.NotGrpc or PeerProblem.TooLarge or PeerProblem.Insecure:
                _circuit.Garbled();
                Revive();
                break;
            case PeerProblem.None when failure.StatusCode == StatusCode.DeadlineExceeded:
                if (_circuit.TimedOut())
                    TakeCallsAway();
                break;
            default:
                // a service without a health service is asked all the same
                _circuit.Answered(failure.StatusCode == StatusCode.Unimplemented);
                Revive();
                break;
        }
    }

    private void TakeCallsAway()
    {
        CancellationTokenSource silence;
        lock (_lock)
            silence = _silence;
        silence.Cancel();
    }

    private void Revive()
    {
        lock (_lock)
        {
            if (_silence.IsCancellationRequested)
                _silence = new CancellationTokenSource();
        }
    }
}
