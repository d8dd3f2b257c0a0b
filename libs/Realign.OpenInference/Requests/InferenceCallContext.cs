using Grpc.Core;
using Realign.Core.Calls;

namespace Realign.OpenInference.Requests;

/// <summary>
/// The call that a request becomes: that of its caller, with the name of the typed call, and the request's own deadline and priority. A stream has one for
/// each request.
/// </summary>
internal sealed class InferenceCallContext : ServerCallContext, IDisposable
{
    // where grpc-dotnet looks for the HTTP request of a call that is not its own
    private const string HttpContextKey = "__HttpContext";

    private readonly ServerCallContext _caller;
    private readonly Dictionary<object, object> _state;
    private readonly CancellationTokenSource? _timeout;
    private readonly Metadata _headers;
    private readonly string _method;
    private readonly DateTime _deadline;

    /// <summary>The call of one request.</summary>
    /// <param name="caller">The call it came with.</param>
    /// <param name="method">Of the typed API.</param>
    /// <param name="parameters">Of the request.</param>
    public InferenceCallContext(ServerCallContext caller, string method, RequestParameters parameters)
    {
        _caller = caller;
        _state = new Dictionary<object, object>(caller.UserState) { [HttpContextKey] = caller.GetHttpContext() };
        _method = method;
        _deadline = caller.Deadline;
        if (parameters.Timeout is { } timeout)
        {
            var own = Later(timeout);
            if (own < _deadline)
            {
                _deadline = own;
                _timeout = CancellationTokenSource.CreateLinkedTokenSource(caller.CancellationToken);
                // not before the deadline: whoever is told so looks at the clock
                _timeout.CancelAfter(timeout + TimeSpan.FromMilliseconds(1));
            }
        }

        _headers = parameters.Priority is { } priority ? WithPriority(caller.RequestHeaders, priority) : caller.RequestHeaders;
    }

    /// <summary>Whether the time that the request itself gave is over, and not that of its caller.</summary>
    public bool IsTimedOut => _timeout is { IsCancellationRequested: true } && !_caller.CancellationToken.IsCancellationRequested;

    /// <inheritdoc/>
    protected override string MethodCore => _method;

    /// <inheritdoc/>
    protected override string HostCore => _caller.Host;

    /// <inheritdoc/>
    protected override string PeerCore => _caller.Peer;

    /// <inheritdoc/>
    protected override DateTime DeadlineCore => _deadline;

    /// <inheritdoc/>
    protected override Metadata RequestHeadersCore => _headers;

    /// <inheritdoc/>
    protected override CancellationToken CancellationTokenCore => _timeout?.Token ?? _caller.CancellationToken;

    /// <inheritdoc/>
    protected override Metadata ResponseTrailersCore => _caller.ResponseTrailers;

    /// <inheritdoc/>
    protected override Status StatusCore { get; set; }

    /// <inheritdoc/>
    protected override WriteOptions? WriteOptionsCore { get; set; }

    /// <inheritdoc/>
    protected override AuthContext AuthContextCore => _caller.AuthContext;

    /// <inheritdoc/>
    protected override IDictionary<object, object> UserStateCore => _state;

    /// <inheritdoc/>
    public void Dispose() => _timeout?.Dispose();

    /// <inheritdoc/>
    protected override ContextPropagationToken CreatePropagationTokenCore(ContextPropagationOptions? options) => _caller.CreatePropagationToken(options);

    /// <inheritdoc/>
    protected override Task WriteResponseHeadersAsyncCore(Metadata responseHeaders) => _caller.WriteResponseHeadersAsync(responseHeaders);

    private static DateTime Later(TimeSpan timeout)
    {
        var now = TimeProvider.System.GetUtcNow().UtcDateTime;
        return timeout < DateTime.MaxValue - now ? now + timeout : DateTime.MaxValue;
    }

    private static Metadata WithPriority(Metadata headers, ulong priority)
    {
        var changed = new Metadata();
        foreach (var entry in headers.Where(entry => entry.Key != CallMetadata.Priority))
            changed.Add(entry);
        changed.Add(CallMetadata.Priority, priority == 1 ? CallMetadata.Continuing : CallMetadata.Normal);
        return changed;
    }
}
