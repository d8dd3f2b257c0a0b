using System.Text.RegularExpressions;
using Realign.Deploy.Tests.Manifests;
using Realign.Wire.Mesh;

namespace Realign.Deploy.Tests.Rules;

/// <summary>Names are such as Kubernetes takes, no two objects have the same, and each of the six services has its Deployment and its Service.</summary>
internal static partial class NameRule
{
    public static IEnumerable<string> Check(ManifestSet set)
    {
        foreach (var item in set.Items.Where(item => !Name().IsMatch(item.Name) || item.Name.Length > 63))
            yield return $"{item}: the name is not a DNS label";
        foreach (var twice in set.Items.GroupBy(item => item.ToString()).Where(group => group.Count() > 1))
            yield return $"{twice.Key}: there are two of it";
        foreach (var item in set.Items.Where(item => item.Text("metadata", "namespace") != set.Items[0].Text("metadata", "namespace")))
            yield return $"{item}: it is in a namespace of its own";
        foreach (var service in MeshService.All)
        {
            foreach (var kind in new[] { "Deployment", "Service" })
            {
                if (!set.Of(kind).Any(item => item.Component == service.Name))
                    yield return $"{service}: there is no {kind} for it";
            }
        }
    }

    [GeneratedRegex("^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")]
    private static partial Regex Name();
}
