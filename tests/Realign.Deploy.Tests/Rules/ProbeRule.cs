using System.Text.Json.Nodes;
using Realign.Deploy.Tests.Manifests;
using Realign.Wire.Mesh;

namespace Realign.Deploy.Tests.Rules;

/// <summary>
/// Each container has its three probes, each with one handler; a model that loads slowly or never is not restarted by the liveness probe, and the Gateway is
/// ready without its backends.
/// </summary>
internal static class ProbeRule
{
    private const int LeastStartupSeconds = 300;
    private static readonly string[] Handlers = ["grpc", "httpGet", "exec", "tcpSocket"];

    public static IEnumerable<string> Check(ManifestSet set) => set.Deployments.SelectMany(Check);

    private static IEnumerable<string> Check(Manifest deployment)
    {
        foreach (var name in new[] { "startupProbe", "readinessProbe", "livenessProbe" })
        {
            if (deployment.Container[name] is not JsonObject probe)
            {
                yield return $"{deployment}: {name} is missing";
                continue;
            }

            if (Handlers.Count(probe.ContainsKey) is var handlers && handlers != 1)
                yield return $"{deployment}: {name} has {handlers} handlers";
            var wanted = name == "livenessProbe" || deployment.Component == MeshService.Gateway.Name ? "liveness" : "";
            if (probe["grpc"] is { } grpc && (grpc["service"]?.ToString() ?? "") != wanted)
                yield return $"{deployment}: {name} asks for '{grpc["service"]}', not '{wanted}'";
            if (probe.ContainsKey("grpc") && HasCertificate(deployment))
                yield return $"{deployment}: {name} asks without TLS";
            var path = name == "livenessProbe" ? "/healthz" : "/readyz";
            if (probe["httpGet"] is { } http && (http["path"]?.ToString() != path || http["port"]?.ToString() != "metrics"))
                yield return $"{deployment}: {name} asks for {http["path"]} at {http["port"]}, not {path} at metrics";
            if (Number(probe, "timeoutSeconds") > Number(probe, "periodSeconds"))
                yield return $"{deployment}: {name} asks again before the last answer is late";
        }

        if (deployment.Container["startupProbe"] is JsonObject startup
            && Number(startup, "periodSeconds") * Number(startup, "failureThreshold") < LeastStartupSeconds)
            yield return $"{deployment}: models have less than {LeastStartupSeconds} s to load";
    }

    private static bool HasCertificate(Manifest deployment) => deployment.Setting("Hosting__CertificateFile") is not null;

    private static long Number(JsonObject probe, string name) => new Manifest(probe).Number(name) ?? 1;
}
