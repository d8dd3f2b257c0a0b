using System.Globalization;
using System.Text.Json.Nodes;
using Realign.Deploy.Tests.Manifests;

namespace Realign.Deploy.Tests.Rules;

/// <summary>A container is bounded in memory, and asks for no more than it is allowed.</summary>
internal static class ResourceRule
{
    private static readonly (string Suffix, double Factor)[] Units =
    [
        ("Ki", 1L << 10), ("Mi", 1L << 20), ("Gi", 1L << 30), ("Ti", 1L << 40), ("m", 1e-3), ("k", 1e3), ("M", 1e6), ("G", 1e9), ("T", 1e12), ("", 1),
    ];

    public static IEnumerable<string> Check(ManifestSet set)
    {
        foreach (var deployment in set.Deployments)
        {
            var requests = deployment.Container["resources"]?["requests"] as JsonObject ?? [];
            var limits = deployment.Container["resources"]?["limits"] as JsonObject ?? [];
            if (!limits.ContainsKey("memory"))
                yield return $"{deployment}: its memory has no limit";
            foreach (var (name, request) in requests)
            {
                if (limits[name] is { } limit && Amount(request!) > Amount(limit))
                    yield return $"{deployment}: it asks for more {name} than it may have";
            }
        }
    }

    private static double Amount(JsonNode quantity)
    {
        var text = quantity.ToString();
        var (suffix, factor) = Units.First(unit => text.EndsWith(unit.Suffix, StringComparison.Ordinal));
        return double.Parse(text[..^suffix.Length], CultureInfo.InvariantCulture) * factor;
    }
}
