using Google.Rpc;
using Microsoft.AspNetCore.Http;
using Realign.Core.Calls;
using Realign.Hosting.Errors;

namespace Realign.Hosting.Access;

/// <summary>
/// Lets calls through whose key allows them. Once there are keys nothing is open but health checks, which probes make without one. A call is that of the
/// key's tenant, whatever it says, unless the key may speak for others.
/// </summary>
internal sealed class AccessMiddleware(RequestDelegate next, KeyRing keys)
{
    public Task InvokeAsync(HttpContext context)
    {
        if (MethodScopes.IsOpen(context.Request.Path.Value ?? "") || Refusal(context) is not { } refusal)
            return next(context);
        StatusFields.Answer(context, refusal);
        return Task.CompletedTask;
    }

    private Status? Refusal(HttpContext context)
    {
        if (context.Request.Headers.Authorization is not [{ } field] || !field.StartsWith(CallMetadata.KeyScheme, StringComparison.OrdinalIgnoreCase))
            return Unauthenticated("this service takes calls with a key only. Send it as metadata: authorization: Bearer KEY (command line: REALIGN_KEY)");
        if (keys.Find(field[CallMetadata.KeyScheme.Length..].Trim()) is not { } key)
            return Unauthenticated("the key is not known here. Ask the operator for one, or whether it was replaced");
        var path = context.Request.Path.Value ?? "";
        if (!MethodScopes.Opens(key.Scopes, path))
        {
            var scope = MethodScopes.ScopeOf(path);
            return ExceptionMapping.ToStatus(Code.PermissionDenied, "SCOPE_MISSING",
                $"the key of {key.Name} does not open {(scope == AccessScopes.Any ? path : scope)}. Ask the operator to add \"{scope}\" to its scopes",
                ("scope", scope));
        }

        if (key.SpendCall() is { } after)
        {
            return Quotas.Failure("CALLS_PER_MINUTE", key.Name, "calls_per_minute", key.CallsPerMinute!.Value,
                $"the key of {key.Name} has made its {key.CallsPerMinute} calls a minute. Wait, or ask the operator for more", after);
        }

        if (!key.Delegates)
            context.Request.Headers[CallMetadata.Tenant] = key.Name;
        context.Features.Set(new CallerRights(key));
        return null;
    }

    private static Status Unauthenticated(string message) => ExceptionMapping.ToStatus(Code.Unauthenticated, "UNAUTHENTICATED", message);
}
