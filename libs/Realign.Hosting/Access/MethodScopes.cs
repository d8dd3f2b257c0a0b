using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;
using Realign.Core.Calls;

namespace Realign.Hosting.Access;

/// <summary>Which scope opens which method.</summary>
internal static partial class MethodScopes
{
    private static readonly string[] _open =
        ["/grpc.health.v1.Health/", "/inference.GRPCInferenceService/ServerLive", "/inference.GRPCInferenceService/ServerReady"];

    /// <summary>Whether a method needs no key: probes have none.</summary>
    public static bool IsOpen(string path) => _open.Any(prefix => path.StartsWith(prefix, StringComparison.Ordinal));

    /// <summary>Whether one of the scopes opens what needs a scope.</summary>
    public static bool Opens(IReadOnlySet<string> scopes, string scope) =>
        scopes.Contains(scope) || (scope != AccessScopes.Manage && scopes.Contains(AccessScopes.Any));

    /// <summary>The scope that a call needs: what its method or its service says, else what its path tells.</summary>
    public static string ScopeOf(HttpContext context)
    {
        var metadata = context.GetEndpoint()?.Metadata;
        return metadata?.GetMetadata<RequiredScopeAttribute>()?.Name ?? metadata?.GetMetadata<ServiceScope>()?.Name
            ?? ScopeOf(context.Request.Path.Value ?? "");
    }

    /// <summary>The scope of a method, e.g. <c>scene-scorer</c> of <c>/realign.v1.SceneScorerService/ScoreScene</c>; <c>*</c> of one that is not known here.</summary>
    public static string ScopeOf(string path) => Method().Match(path) is { Success: true } method
        ? Words().Replace(method.Groups["name"].Value, "-").ToLowerInvariant()
        : AccessScopes.Any;

    [GeneratedRegex(@"^/realign\.v1\.(?<name>[A-Za-z]+)Service/", RegexOptions.CultureInvariant)]
    private static partial Regex Method();

    [GeneratedRegex("(?<=[a-z])(?=[A-Z])", RegexOptions.CultureInvariant)]
    private static partial Regex Words();
}
