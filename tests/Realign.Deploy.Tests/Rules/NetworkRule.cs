using System.Text.Json.Nodes;
using Realign.Deploy.Tests.Manifests;
using Realign.Wire.Mesh;

namespace Realign.Deploy.Tests.Rules;

/// <summary>Where there are policies there is one for each service; backends are called by the Gateway and nobody else, and call nobody.</summary>
internal static class NetworkRule
{
    public static IEnumerable<string> Check(ManifestSet set)
    {
        var policies = set.Of("NetworkPolicy");
        if (policies.Count == 0)
            yield break;
        foreach (var deployment in set.Deployments)
        {
            var own = policies.Where(policy => Manifest.Selects(policy.LabelsAt("spec", "podSelector", "matchLabels"), deployment.PodLabels)).ToList();
            if (own.Count != 1)
                yield return $"{deployment}: {own.Count} policies";
            if (own is not [var policy])
                continue;
            var types = (policy.At("spec", "policyTypes") as JsonArray ?? []).Select(type => type!.ToString()).ToList();
            if (!types.Contains("Ingress") || !types.Contains("Egress"))
                yield return $"{policy}: one of the two directions is open";
            foreach (var rule in policy.ListAt("spec", "ingress"))
            {
                var peers = (rule["from"] as JsonArray ?? []).OfType<JsonObject>().ToList();
                if (peers.Count == 0)
                    yield return $"{policy}: it lets everybody in";
                if (deployment.Component != MeshService.Gateway.Name && Ports(rule).Contains("grpc") && !peers.TrueForAll(peer => IsGateway(set, peer)))
                    yield return $"{policy}: it lets others than the Gateway call {deployment.Component}";
            }

            if (deployment.Component == MeshService.Gateway.Name)
            {
                foreach (var backend in set.Deployments.Where(other => other != deployment && !Reaches(policy, other)))
                    yield return $"{policy}: the Gateway cannot reach {backend.Component}";
            }
        }
    }

    private static bool IsGateway(ManifestSet set, JsonObject peer) => peer.Count == 1
        && set.Selected(new Manifest(peer).LabelsAt("podSelector", "matchLabels")) is [{ Component: "gateway" }];

    private static bool Reaches(Manifest policy, Manifest backend) => policy.ListAt("spec", "egress").Any(rule =>
        (rule["to"] as JsonArray ?? []).OfType<JsonObject>().Any(peer =>
            Manifest.Selects(new Manifest(peer).LabelsAt("podSelector", "matchLabels"), backend.PodLabels))
        && backend.Container["ports"]!.AsArray().Any(port => port!["name"]!.ToString() == "grpc" && Ports(rule).Contains(port["containerPort"]!.ToString())));

    private static List<string> Ports(JsonObject rule) => [.. (rule["ports"] as JsonArray ?? []).Select(port => port!["port"]?.ToString() ?? "")];
}
