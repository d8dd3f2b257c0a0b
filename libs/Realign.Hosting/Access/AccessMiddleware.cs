using System.Text.RegularExpressions;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Microsoft.AspNetCore.Http;
using Realign.Core.Calls;
using Realign.Hosting.Errors;

namespace Realign.Hosting.Access;

/// <summary>
/// Lets calls through whose key allows them. Once there are keys nothing is open but health checks, which probes make without one. A call is that of the
/// key's tenant, whatever it says, unless the key may speak for others.
/// </summary>
internal sealed partial class AccessMiddleware(RequestDelegate next, KeyRing keys)
{
    private const string HealthPath = "/grpc.health.v1.Health/";

    public Task InvokeAsync(HttpContext context)
    {
        if (context.Request.Path.Value?.StartsWith(HealthPath, StringComparison.Ordinal) == true || Refusal(context) is not { } refusal)
            return next(context);
        StatusFields.Answer(context, refusal);
        return Task.CompletedTask;
    }

    private Google.Rpc.Status? Refusal(HttpContext context)
    {
        if (context.Request.Headers.Authorization is not [{ } field] || !field.StartsWith(CallMetadata.KeyScheme, StringComparison.OrdinalIgnoreCase))
            return Unauthenticated("this service takes calls with a key only. Send it as metadata: authorization: Bearer KEY (command line: REALIGN_KEY)");
        if (keys.Find(field[CallMetadata.KeyScheme.Length..].Trim()) is not { } key)
            return Unauthenticated("the key is not known here. Ask the operator for one, or whether it was replaced");
        var service = ScopeOf(context);
        if (service is not null && !key.Allows(service))
        {
            return ExceptionMapping.ToStatus(Code.PermissionDenied, "SCOPE_MISSING",
                $"the key of {key.Name} does not open {service}. Ask the operator to add \"{service}\" to its scopes", ("scope", service));
        }

        if (key.Spend() is { } after)
        {
            var full = ExceptionMapping.ToStatus(Code.ResourceExhausted, "CALLS_PER_MINUTE",
                $"the key of {key.Name} has made its {key.CallsPerMinute} calls a minute. Wait, or ask the operator for more");
            full.Details.Add(Any.Pack(new RetryInfo { RetryDelay = Duration.FromTimeSpan(after) }));
            return full;
        }

        if (!key.Delegates)
            context.Request.Headers[CallMetadata.Tenant] = key.Name;
        return null;
    }

    private static string? ScopeOf(HttpContext context)
    {
        var metadata = context.GetEndpoint()?.Metadata;
        return metadata?.GetMetadata<RequiredScopeAttribute>()?.Name ?? metadata?.GetMetadata<ServiceScope>()?.Name
            ?? ServiceOf(context.Request.Path.Value ?? "");
    }

    /// <summary>The scope of a method, e.g. <c>scene-scorer</c> of <c>/realign.v1.SceneScorerService/ScoreScene</c>; null = any key opens it.</summary>
    private static string? ServiceOf(string path) => Method().Match(path) is { Success: true } method
        ? Words().Replace(method.Groups["name"].Value, "-").ToLowerInvariant()
        : null;

    private static Google.Rpc.Status Unauthenticated(string message) => ExceptionMapping.ToStatus(Code.Unauthenticated, "UNAUTHENTICATED", message);

    [GeneratedRegex(@"^/realign\.v1\.(?<name>[A-Za-z]+)Service/", RegexOptions.CultureInvariant)]
    private static partial Regex Method();

    [GeneratedRegex("(?<=[a-z])(?=[A-Z])", RegexOptions.CultureInvariant)]
    private static partial Regex Words();
}
