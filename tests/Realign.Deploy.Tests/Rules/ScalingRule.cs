using System.Text.Json.Nodes;
using Realign.Deploy.Tests.Manifests;

namespace Realign.Deploy.Tests.Rules;

/// <summary>Who scales what: a target that is there and does not say itself how many, by queues and never by the CPU, to zero only what starts fast.</summary>
internal static class ScalingRule
{
    private static readonly string[] MayBeZero = ["tagger", "scene-scorer", "segmenter"];

    public static IEnumerable<string> Check(ManifestSet set)
    {
        var scalers = set.Of("HorizontalPodAutoscaler").Concat(set.Of("ScaledObject")).ToList();
        foreach (var scaler in scalers)
        {
            var target = set.Deployments.SingleOrDefault(deployment => deployment.Name == scaler.Text("spec", "scaleTargetRef", "name"));
            if (target is null || target.Component != scaler.Component)
                yield return $"{scaler}: it scales '{scaler.Text("spec", "scaleTargetRef", "name")}'";
            else if (target.At("spec", "replicas") is not null)
                yield return $"{scaler}: {target} says itself how many replicas there are, so each upgrade would undo the scaling";
            var least = scaler.Number("spec", "minReplicas") ?? scaler.Number("spec", "minReplicaCount") ?? 0;
            var most = scaler.Number("spec", "maxReplicas") ?? scaler.Number("spec", "maxReplicaCount") ?? 0;
            if (least > most)
                yield return $"{scaler}: at least {least}, at most {most}";
            if (least == 0 && !MayBeZero.Contains(scaler.Component))
                yield return $"{scaler}: it may be scaled to zero";
            foreach (var query in Metrics(scaler).Where(query => !query.Contains("realign_", StringComparison.Ordinal)))
                yield return $"{scaler}: it follows '{query}', which says nothing about queues";
            if (!Metrics(scaler).Any())
                yield return $"{scaler}: it follows nothing";
        }

        foreach (var deployment in set.Deployments.Where(deployment => scalers.Count(scaler => scaler.Component == deployment.Component) is var count
            && (count > 1 || (count == 0 && deployment.At("spec", "replicas") is null))))
            yield return $"{deployment}: nothing or too much says how many replicas there are";
    }

    private static IEnumerable<string> Metrics(Manifest scaler) =>
        scaler.ListAt("spec", "metrics").Select(metric => (metric["pods"]?["metric"]?["name"] ?? metric["resource"]?["name"])?.ToString() ?? "")
            .Concat(scaler.ListAt("spec", "triggers").Select(trigger => (trigger["metadata"] as JsonObject)?["query"]?.ToString() ?? trigger["type"]!.ToString()));
}
