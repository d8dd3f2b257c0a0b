using Realign.Deploy.Tests.Manifests;
using Realign.Wire.Mesh;

namespace Realign.Deploy.Tests.Rules;

/// <summary>
/// The Gateway looks for each backend at a name that stands for all of its replicas, at the port that this has, and with TLS where it shows a certificate.
/// </summary>
internal static class AddressRule
{
    public static IEnumerable<string> Check(ManifestSet set)
    {
        foreach (var gateway in set.Deployments.Where(deployment => deployment.Component == MeshService.Gateway.Name))
        {
            foreach (var backend in MeshService.Backends)
            {
                if (Problem(set, backend, gateway.Setting($"Gateway__{backend.Section}")) is { } problem)
                    yield return $"{backend}: {problem}";
            }
        }
    }

    private static string? Problem(ManifestSet set, MeshService backend, string? address)
    {
        var isSecure = set.Deployments.Any(deployment => deployment.Component == backend.Name && deployment.Setting("Hosting__CertificateFile") is not null);
        var scheme = isSecure ? "dns+https:///" : "dns:///";
        if (address?.StartsWith(scheme, StringComparison.Ordinal) != true || address[scheme.Length..].Split(':') is not [var host, var port])
            return $"the Gateway looks for it at '{address}', which is no {scheme}name:port";
        if (set.Services.SingleOrDefault(service => service.Name == host.Split('.')[0]) is not { } service || service.Component != backend.Name)
            return $"{host} is no Service of it";
        if (service.Text("spec", "clusterIP") != "None")
            return $"{host} is one address for all replicas, and a connection stays with one";
        return service.ListAt("spec", "ports").All(known => known["port"]?.ToString() != port) ? $"{host} has no port {port}" : null;
    }
}
