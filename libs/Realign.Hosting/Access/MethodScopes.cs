using System.Text.RegularExpressions;
using Realign.Core.Calls;

namespace Realign.Hosting.Access;

/// <summary>Which scope opens which method.</summary>
internal static partial class MethodScopes
{
    private const string Inference = "/inference.GRPCInferenceService/";

    private static readonly string[] _open = ["/grpc.health.v1.Health/", Inference + "ServerLive", Inference + "ServerReady"];

    /// <summary>Whether a method needs no key: probes have none.</summary>
    public static bool IsOpen(string path) => _open.Any(prefix => path.StartsWith(prefix, StringComparison.Ordinal));

    /// <summary>Whether one of the scopes opens a method. What is not known here is for keys alone that open every service.</summary>
    public static bool Opens(IReadOnlySet<string> scopes, string path) =>
        ScopeOf(path) is var scope && (scopes.Contains(scope) || (scope != AccessScopes.Manage && scopes.Contains(AccessScopes.Any)));

    /// <summary>The scope of a method, e.g. <c>scene-scorer</c> of <c>/realign.v1.SceneScorerService/ScoreScene</c>; <c>*</c> of an unknown one.</summary>
    public static string ScopeOf(string path)
    {
        if (Method().Match(path) is { Success: true } method)
            return Words().Replace(method.Groups["name"].Value, "-").ToLowerInvariant();
        return !path.StartsWith(Inference, StringComparison.Ordinal)
            ? AccessScopes.Any
            : path[Inference.Length..] switch
            {
                "ModelInfer" or "ModelStreamInfer" => AccessScopes.Inference,
                "RepositoryModelLoad" or "RepositoryModelUnload" => AccessScopes.Manage,
                "ServerMetadata" or "ModelReady" or "ModelMetadata" or "ModelConfig" or "ModelStatistics" or "RepositoryIndex" => AccessScopes.Metadata,
                _ => AccessScopes.Any,
            };
    }

    [GeneratedRegex(@"^/realign\.v1\.(?<name>[A-Za-z]+)Service/", RegexOptions.CultureInvariant)]
    private static partial Regex Method();

    [GeneratedRegex("(?<=[a-z])(?=[A-Z])", RegexOptions.CultureInvariant)]
    private static partial Regex Words();
}
