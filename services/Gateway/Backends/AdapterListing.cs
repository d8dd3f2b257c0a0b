using Microsoft.Extensions.Options;
using Realign.V1;

namespace Realign.Gateway.Backends;

/// <summary>What adapters the Generator offers, in its own words.</summary>
internal sealed class AdapterListing(BackendSet backends, BackendCaller caller, IOptions<GatewayOptions> options, TimeProvider time)
{
    /// <exception cref="BackendException">The Generator failed.</exception>
    public Task<ListAdaptersResponse> ReadAsync(DateTime callerDeadline, CancellationToken cancellationToken)
    {
        var deadline = options.Value.DeadlineOf(callerDeadline, time.GetUtcNow().UtcDateTime);
        var scope = new CallScope(backends.Generator, "list", "ADAPTERS", deadline, cancellationToken);
        return caller.UnaryAsync(scope, backends.GeneratorClient.ListAdaptersAsync, new ListAdaptersRequest());
    }
}
