using Grpc.Core;
using Realign.Core.Calls;

namespace Realign.Gateway.Backends;

/// <summary>What a backend is told of the call that needs it: whose it is, and whether it continues a flow.</summary>
/// <param name="accessor">Knows the caller's call.</param>
internal sealed class CallerMetadata(IHttpContextAccessor accessor)
{
    /// <summary>Deadline, token and metadata as gRPC takes them.</summary>
    /// <exception cref="Realign.Core.Errors.InvalidInputException">The caller's metadata are unusable.</exception>
    public CallOptions OptionsOf(CallScope scope)
    {
        var metadata = new Metadata();
        if (CallMetadata.ReadTenant(accessor.HttpContext?.Request.Headers[CallMetadata.Tenant]) is { Length: > 0 } tenant)
            metadata.Add(CallMetadata.Tenant, tenant);
        if (scope.IsContinuing)
            metadata.Add(CallMetadata.Priority, CallMetadata.Continuing);
        return new CallOptions(metadata, scope.Deadline, scope.CancellationToken);
    }
}
