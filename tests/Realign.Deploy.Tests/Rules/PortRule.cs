using System.Text.Json.Nodes;
using Realign.Deploy.Tests.Manifests;
using Realign.Wire.Mesh;

namespace Realign.Deploy.Tests.Rules;

/// <summary>Ports that are named or numbered somewhere are ports of the container, which listens there.</summary>
internal static class PortRule
{
    public static IEnumerable<string> Check(ManifestSet set)
    {
        foreach (var deployment in set.Deployments)
        {
            var ports = Ports(deployment);
            var scheme = deployment.Setting("Hosting__CertificateFile") is null ? "http" : "https";
            if (deployment.Setting("ASPNETCORE_URLS") != $"{scheme}://0.0.0.0:{ports.GetValueOrDefault("grpc")}")
                yield return $"{deployment}: the service does not listen at the port grpc";
            if (deployment.Setting("Hosting__MetricsPort") != ports.GetValueOrDefault("metrics"))
                yield return $"{deployment}: the service does not listen at the port metrics";
            foreach (var probe in new[] { "startupProbe", "readinessProbe", "livenessProbe" })
            {
                if (deployment.Container[probe]?["grpc"] is { } grpc && grpc["port"]?.ToString() != ports.GetValueOrDefault("grpc"))
                    yield return $"{deployment}: {probe} asks at another port";
                if (deployment.Container[probe]?["httpGet"] is { } http && !ports.ContainsKey(http["port"]?.ToString() ?? ""))
                    yield return $"{deployment}: {probe} asks at a port that is not there";
            }
        }

        foreach (var service in set.Services)
        {
            foreach (var port in service.ListAt("spec", "ports"))
            {
                foreach (var deployment in set.Selected(service.LabelsAt("spec", "selector")))
                {
                    if (!IsPort(deployment, port["targetPort"]))
                        yield return $"{service}: {deployment} has no port {port["targetPort"]}";
                }
            }

            if (service.ListAt("spec", "ports").SingleOrDefault(port => port["name"]?.ToString() == "grpc")?["appProtocol"]?.ToString() != "grpc")
                yield return $"{service}: nothing says that its port speaks gRPC";
        }

        foreach (var policy in set.Of("NetworkPolicy"))
        {
            foreach (var deployment in set.Selected(policy.LabelsAt("spec", "podSelector", "matchLabels")))
            {
                foreach (var port in policy.ListAt("spec", "ingress").SelectMany(rule => rule["ports"]!.AsArray()))
                {
                    if (!IsPort(deployment, port!["port"]))
                        yield return $"{policy}: {deployment} has no port {port["port"]}";
                }
            }
        }

        foreach (var deployment in set.Deployments.Where(deployment => MeshService.All.All(service => service.Name != deployment.Component)))
            yield return $"{deployment}: it is none of the six services";
    }

    private static Dictionary<string, string> Ports(Manifest deployment) => deployment.Container["ports"]!.AsArray()
        .ToDictionary(port => port!["name"]!.ToString(), port => port!["containerPort"]!.ToString(), StringComparer.Ordinal);

    private static bool IsPort(Manifest deployment, JsonNode? port) =>
        Ports(deployment) is var ports && (ports.ContainsKey(port?.ToString() ?? "") || ports.ContainsValue(port?.ToString() ?? ""));
}
