using System.Text.RegularExpressions;
using Realign.Deploy.Tests.Manifests;

namespace Realign.Deploy.Tests.Rules;

/// <summary>The image is that of the service, in one version: a digest, or a tag that does not move by its meaning.</summary>
internal static partial class ImageRule
{
    public static IEnumerable<string> Check(ManifestSet set)
    {
        foreach (var deployment in set.Deployments)
        {
            var image = deployment.Container["image"]?.ToString() ?? "";
            if (!Reference().IsMatch(image) || image.EndsWith(":latest", StringComparison.Ordinal))
                yield return $"{deployment}: {image} names no version";
            if (!Regex.IsMatch(image, $"/{deployment.Component}(-gpu)?[@:]"))
                yield return $"{deployment}: {image} is not the image of {deployment.Component}";
        }
    }

    [GeneratedRegex("^([a-z0-9.-]+(:[0-9]+)?/)?[a-z0-9/_.-]+(:[A-Za-z0-9_.-]+|@sha256:[0-9a-f]{64})$")]
    private static partial Regex Reference();
}
