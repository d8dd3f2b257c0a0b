using System.Globalization;
using Google.Rpc;
using Grpc.Core;
using Realign.Hosting.Errors;

namespace Realign.Hosting.Access;

/// <summary>What the caller of a gRPC call may use, and how much of it: what its key says, or everything where a service takes calls without one.</summary>
public sealed class CallerRights
{
    private static readonly CallerRights _everything = new(null);
    private readonly AccessKey? _key;

    internal CallerRights(AccessKey? key) => _key = key;

    /// <summary>The rights of a call.</summary>
    public static CallerRights Of(ServerCallContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return context.GetHttpContext().Features.Get<CallerRights>() ?? _everything;
    }

    /// <summary>Whether it may draw with an adapter. Who calls for others has looked already at what they may.</summary>
    /// <param name="name">Its name, as <c>ListAdapters</c> has it.</param>
    public bool AllowsAdapter(string name) => _key is null or { Delegates: true } || _key.Adapters.Allows(name);

    /// <summary>Refuses adapters and embeddings that it may not draw with.</summary>
    /// <param name="adapters">Names of adapters.</param>
    /// <param name="embeddings">Names of embeddings.</param>
    /// <exception cref="RpcException">PERMISSION_DENIED; names the first.</exception>
    public void Require(IEnumerable<string> adapters, IEnumerable<string> embeddings)
    {
        if (_key is null or { Delegates: true })
            return;
        if (adapters.FirstOrDefault(name => !_key.Adapters.Allows(name)) is { } adapter)
            throw NotAllowed("adapter", adapter);
        if (embeddings.FirstOrDefault(name => !_key.Embeddings.Allows(name)) is { } embedding)
            throw NotAllowed("embedding", embedding);
    }

    /// <summary>Counts what is drawn for it. Nothing at all is refused, too, while more was drawn than it may.</summary>
    /// <param name="megapixelSteps">Width x height x steps x images / 10^6.</param>
    /// <param name="isContinuing">Models have worked for the call already: it is counted and not refused.</param>
    /// <exception cref="RpcException">RESOURCE_EXHAUSTED with QuotaFailure and RetryInfo.</exception>
    public void Spend(double megapixelSteps, bool isContinuing = false)
    {
        if (_key?.Steps is not { } steps || steps.Spend(megapixelSteps, isContinuing) is not { } after)
            return;
        var limit = FormattableString.Invariant($"{steps.Limit:0.###} megapixel-steps in {steps.Window.TotalSeconds:0} s");
        throw Quotas.Failure("MEGAPIXEL_STEPS", _key.Name, "megapixel_steps", (long)Math.Ceiling(steps.Limit), string.Create(CultureInfo.InvariantCulture,
            $"the key of {_key.Name} has {limit}, and not the {megapixelSteps:0.###} of this call left. Wait, ask for fewer steps or smaller images, "
            + $"or ask the operator for more"), after).ToRpcException();
    }

    private RpcException NotAllowed(string kind, string name) => ExceptionMapping.ToStatus(Code.PermissionDenied, $"{kind.ToUpperInvariant()}_NOT_ALLOWED",
        $"the key of {_key!.Name} may not draw with the {kind} '{name}'. Leave it out, or ask the operator to add it to the key's {kind}s",
        (kind, name)).ToRpcException();
}
