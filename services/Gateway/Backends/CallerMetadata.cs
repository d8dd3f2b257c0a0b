using Grpc.Core;
using Realign.Core.Calls;

namespace Realign.Gateway.Backends;

/// <summary>What a backend is told of the call that needs it: whose it is, whether it continues a flow, and the Gateway's own key.</summary>
/// <param name="accessor">Knows the caller's call.</param>
/// <param name="key">The Gateway's.</param>
internal sealed class CallerMetadata(IHttpContextAccessor accessor, BackendKey key)
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
        if (key.Read() is { Length: > 0 } shown)
            metadata.Add(CallMetadata.Authorization, CallMetadata.KeyScheme + shown);
        return new CallOptions(metadata, scope.Deadline, scope.CancellationToken);
    }
}
