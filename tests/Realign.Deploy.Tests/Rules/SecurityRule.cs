using System.Text.Json.Nodes;
using Realign.Deploy.Tests.Manifests;

namespace Realign.Deploy.Tests.Rules;

/// <summary>The restricted profile of the Pod Security Standards, and a root file system that nobody writes to.</summary>
internal static class SecurityRule
{
    // the user that Microsoft's .NET images bring
    private const string User = "1654";

    public static IEnumerable<string> Check(ManifestSet set)
    {
        foreach (var deployment in set.Deployments)
        {
            var pod = deployment.Pod!;
            var all = pod["securityContext"];
            var own = deployment.Container["securityContext"];
            if (!Is(all?["runAsNonRoot"], "true") || !Is(all?["runAsUser"], User))
                yield return $"{deployment}: it may run as root";
            if (!Is(all?["seccompProfile"]?["type"], "RuntimeDefault"))
                yield return $"{deployment}: every system call is open to it";
            if (!Is(own?["allowPrivilegeEscalation"], "false") || Is(own?["privileged"], "true"))
                yield return $"{deployment}: it may gain privileges";
            if (!Is(own?["readOnlyRootFilesystem"], "true"))
                yield return $"{deployment}: its root file system can be written to";
            if (own?["capabilities"] is not JsonObject { Count: 1 } capabilities || capabilities["drop"]?.ToJsonString() != "[\"ALL\"]")
                yield return $"{deployment}: it keeps capabilities";
            if (!Is(pod["automountServiceAccountToken"], "false"))
                yield return $"{deployment}: it holds a token of the cluster";
            if (!Is(pod["enableServiceLinks"], "false"))
                yield return $"{deployment}: names of Services become variables that look like settings";
            foreach (var shared in new[] { "hostNetwork", "hostPID", "hostIPC" }.Where(shared => Is(pod[shared], "true")))
                yield return $"{deployment}: {shared}";
        }
    }

    private static bool Is(JsonNode? node, string value) => node?.ToString() == value;
}
