using Grpc.Core;
using Grpc.Core.Interceptors;
using Realign.Balancing;
using Realign.Balancing.Addresses;
using Realign.Balancing.Replicas;
using Realign.Core.Calls;
using Realign.V1;

namespace Realign.Client;

/// <summary>
/// A Gateway, or several of them. Calls go to the one with the least to do and, where that one is away or has no room, to another; a stream is
/// never begun again once something of it was received. Make one and keep it: it watches the replicas. Thread-safe.
/// </summary>
public sealed class RealignClient : IDisposable
{
    private readonly ReplicaSet _replicas;
    private readonly RealignClientOptions _options;
    private readonly TimeProvider _time;

    private RealignClient(ServiceAddress address, string? key, RealignClientOptions options, TimeProvider time)
    {
        _options = options;
        _time = time;
        _replicas = new ReplicaSet(
            address,
            new BalancingOptions
            {
                MaxMessageBytes = options.MaxMessageMegabytes << 20,
                UseProxy = options.UseProxy,
                Refresh = options.Refresh,
                Retries = options.Retries,
            },
            time);
        Invoker = _replicas.Invoker.Intercept(metadata =>
        {
            if (key is not null)
                metadata.Add(CallMetadata.Authorization, CallMetadata.KeyScheme + key);
            if (options.Tenant is not null)
                metadata.Add(CallMetadata.Tenant, options.Tenant);
            return metadata;
        });
        Gateway = new GatewayService.GatewayServiceClient(Invoker);
        Rewards = new RewardService.RewardServiceClient(Invoker);
    }

    /// <summary>What the generated clients take, for calls that have no method here. Calls are asynchronous only, and have no streams of requests.</summary>
    public CallInvoker Invoker { get; }

    /// <summary>The generated client of the flow.</summary>
    public GatewayService.GatewayServiceClient Gateway { get; }

    /// <summary>The generated client of the rewards.</summary>
    public RewardService.RewardServiceClient Rewards { get; }

    /// <summary>Begins to watch the replicas of a mesh.</summary>
    /// <param name="address">
    /// <c>http://host:port</c> or <c>https://host:port</c>, several with commas between them; <c>static:///host:port,host:port</c>; or
    /// <c>dns:///name:port</c> for every address that the name has.
    /// </param>
    /// <param name="key">The key that calls carry; null = none.</param>
    /// <param name="options">How it is called; null = as usual.</param>
    /// <exception cref="ArgumentException">The address is none.</exception>
    public static RealignClient Connect(string address, string? key = null, RealignClientOptions? options = null)
    {
        if (ServiceAddress.Read(address, out var read) is { } problem)
            throw new ArgumentException($"{problem}: write http://host:5100, static:///host:5100,host:5100 or dns:///name:5100", nameof(address));
        return new RealignClient(read!, key, options ?? new RealignClientOptions(), TimeProvider.System);
    }

    /// <summary>Runs the flow: events as they come, the result among them as the last one.</summary>
    /// <param name="request">What to draw.</param>
    /// <param name="deadline">Time that the call has; null = that of the options.</param>
    /// <param name="cancellationToken">Leaves the call; the mesh stops working on it.</param>
    /// <exception cref="RpcException">The call failed: <see cref="CallFailure"/> says why.</exception>
    public IAsyncEnumerable<RealignResponse> RealignAsync(
        RealignRequest request, TimeSpan? deadline = null, CancellationToken cancellationToken = default) =>
        EventStream.ReadAsync(Gateway.Realign, request, Options(deadline, CancellationToken.None), cancellationToken);

    /// <summary>Draws and verifies one prompt and gives the result alone.</summary>
    /// <param name="prompt">What the image shall show.</param>
    /// <param name="attempts">Drawings at most, 1..16.</param>
    /// <param name="seed">Seed of the first; null = random, and reported.</param>
    /// <param name="cancellationToken">Leaves the call.</param>
    /// <exception cref="RpcException">The call failed.</exception>
    public Task<RealignResult> RealignAsync(string prompt, int attempts = 1, ulong? seed = null, CancellationToken cancellationToken = default)
    {
        var request = new RealignRequest { Generate = new GenerateRequest { Prompt = prompt }, Attempts = attempts };
        if (seed is { } value)
            request.Generate.Seed = value;
        return RealignAsync(request, cancellationToken: cancellationToken).ResultAsync(cancellationToken);
    }

    /// <summary>Scores pairs of image and prompt, with gradients where the request asks for them.</summary>
    /// <param name="request">Pairs and rewards; a pair that cannot be scored carries its own error.</param>
    /// <param name="deadline">Time that the call has; null = that of the options.</param>
    /// <param name="cancellationToken">Leaves the call.</param>
    /// <exception cref="RpcException">The call failed.</exception>
    public async Task<ScoreResponse> ScoreAsync(ScoreRequest request, TimeSpan? deadline = null, CancellationToken cancellationToken = default)
    {
        using var call = Rewards.ScoreAsync(request, Options(deadline, cancellationToken));
        return await call.ResponseAsync;
    }

    /// <summary>Which services of the mesh answer.</summary>
    /// <param name="deadline">Time that the call has; null = that of the options.</param>
    /// <param name="cancellationToken">Leaves the call.</param>
    /// <exception cref="RpcException">The call failed.</exception>
    public async Task<GetMeshStatusResponse> StatusAsync(TimeSpan? deadline = null, CancellationToken cancellationToken = default)
    {
        using var call = Gateway.GetMeshStatusAsync(new GetMeshStatusRequest(), Options(deadline, cancellationToken));
        return await call.ResponseAsync;
    }

    /// <summary>Stops watching; calls in flight end by themselves.</summary>
    public void Dispose() => _replicas.Dispose();

    private CallOptions Options(TimeSpan? deadline, CancellationToken cancellationToken) =>
        new(deadline: _time.GetUtcNow().UtcDateTime + (deadline ?? _options.Deadline), cancellationToken: cancellationToken);
}
