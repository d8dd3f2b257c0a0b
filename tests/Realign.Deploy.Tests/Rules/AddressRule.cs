using Realign.Deploy.Tests.Manifests;
using Realign.Wire.Mesh;

namespace Realign.Deploy.Tests.Rules;

/// <summary>The Gateway looks for each backend at a name that stands for all of its replicas, and at the port that this has.</summary>
internal static class AddressRule
{
    private const string Scheme = "dns:///";

    public static IEnumerable<string> Check(ManifestSet set)
    {
        var variables = set.Deployments.Where(deployment => deployment.Component == MeshService.Gateway.Name)
            .SelectMany(gateway => gateway.Container["env"]!.AsArray()).ToList();
        foreach (var backend in MeshService.Backends)
        {
            var address = variables.FirstOrDefault(variable => variable!["name"]!.ToString() == $"Gateway__{backend.Section}")?["value"]?.ToString();
            if (address?.StartsWith(Scheme, StringComparison.Ordinal) != true || address[Scheme.Length..].Split(':') is not [var host, var port])
            {
                yield return $"{backend}: the Gateway looks for it at '{address}', which is no {Scheme}name:port";
                continue;
            }

            var service = set.Services.SingleOrDefault(service => service.Name == host.Split('.')[0]);
            if (service is null || service.Component != backend.Name)
                yield return $"{backend}: {host} is no Service of it";
            else if (service.Text("spec", "clusterIP") != "None")
                yield return $"{backend}: {host} is one address for all replicas, and a connection stays with one";
            else if (service.ListAt("spec", "ports").All(known => known["port"]?.ToString() != port))
                yield return $"{backend}: {host} has no port {port}";
        }
    }
}
