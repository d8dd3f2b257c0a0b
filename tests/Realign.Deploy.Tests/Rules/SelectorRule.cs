using Realign.Deploy.Tests.Manifests;

namespace Realign.Deploy.Tests.Rules;

/// <summary>Whatever selects pods selects those of one service, its own; a scraper finds every service.</summary>
internal static class SelectorRule
{
    private static readonly (string Kind, string[] Path)[] Selectors =
    [
        ("Deployment", ["spec", "selector", "matchLabels"]),
        ("Service", ["spec", "selector"]),
        ("PodDisruptionBudget", ["spec", "selector", "matchLabels"]),
        ("NetworkPolicy", ["spec", "podSelector", "matchLabels"]),
    ];

    public static IEnumerable<string> Check(ManifestSet set)
    {
        foreach (var (kind, path) in Selectors)
        {
            foreach (var item in set.Of(kind))
            {
                var selected = set.Selected(item.LabelsAt(path));
                if (selected.Count != 1)
                    yield return $"{item}: it selects the pods of {selected.Count} services";
                else if (selected[0].Component != item.Component)
                    yield return $"{item}: it selects the pods of {selected[0].Component}";
            }
        }

        foreach (var deployment in set.Deployments)
        {
            foreach (var spread in deployment.ListAt("spec", "template", "spec", "topologySpreadConstraints"))
            {
                if (!Manifest.Selects(new Manifest(spread).LabelsAt("labelSelector", "matchLabels"), deployment.PodLabels))
                    yield return $"{deployment}: a spread constraint counts the pods of others";
            }
        }

        foreach (var monitor in set.Of("ServiceMonitor"))
        {
            foreach (var deployment in set.Deployments)
            {
                if (Scraped(set, monitor, deployment) is var times && times != 1)
                    yield return $"{monitor}: it scrapes {deployment.Component} {times} times";
            }
        }
    }

    private static int Scraped(ManifestSet set, Manifest monitor, Manifest deployment) => monitor.ListAt("spec", "endpoints").Sum(endpoint =>
        set.Services.Count(service => Manifest.Selects(monitor.LabelsAt("spec", "selector", "matchLabels"), service.Labels)
            && Manifest.Selects(service.LabelsAt("spec", "selector"), deployment.PodLabels)
            && service.ListAt("spec", "ports").Any(port => port["name"]?.ToString() == endpoint["port"]?.ToString())));
}
