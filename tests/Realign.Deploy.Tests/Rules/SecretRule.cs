using System.Text.RegularExpressions;
using Realign.Deploy.Tests.Manifests;

namespace Realign.Deploy.Tests.Rules;

/// <summary>No secret stands in the objects themselves: they name Secrets that somebody else made.</summary>
internal static partial class SecretRule
{
    public static IEnumerable<string> Check(ManifestSet set)
    {
        foreach (var secret in set.Of("Secret"))
            yield return $"{secret}: it would be in the release's history";
        foreach (var deployment in set.Deployments)
        {
            foreach (var variable in deployment.Container["env"]!.AsArray())
            {
                var (name, value) = (variable!["name"]!.ToString(), variable["value"]?.ToString() ?? "");
                if (SecretName().IsMatch(name) && value.Length > 0 && !value.StartsWith('/'))
                    yield return $"{deployment}: {name} is a secret in plain text";
            }
        }

        foreach (var item in set.Items.Where(item => SecretText().IsMatch(item.Body.ToJsonString())))
            yield return $"{item}: it holds a private key or a password";
    }

    [GeneratedRegex("key|token|password|secret", RegexOptions.IgnoreCase)]
    private static partial Regex SecretName();

    [GeneratedRegex("-----BEGIN [A-Z ]*PRIVATE KEY|://[^/@\" ]+:[^/@\" ]+@|Bearer [A-Za-z0-9+/=_-]{16}")]
    private static partial Regex SecretText();
}
