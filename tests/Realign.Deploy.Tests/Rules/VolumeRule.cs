using Realign.Deploy.Tests.Manifests;

namespace Realign.Deploy.Tests.Rules;

/// <summary>What is mounted is there, what is there is mounted, files that settings name lie in it, and nothing but /tmp can be written to.</summary>
internal static class VolumeRule
{
    public static IEnumerable<string> Check(ManifestSet set)
    {
        foreach (var deployment in set.Deployments)
        {
            var volumes = deployment.ListAt("spec", "template", "spec", "volumes").Select(volume => volume["name"]!.ToString()).ToList();
            var mounts = deployment.Container["volumeMounts"]!.AsArray().Select(mount => mount!).ToList();
            foreach (var mount in mounts.Where(mount => !volumes.Contains(mount["name"]!.ToString())))
                yield return $"{deployment}: there is no volume {mount["name"]}";
            foreach (var volume in volumes.Where(volume => mounts.All(mount => mount["name"]!.ToString() != volume)))
                yield return $"{deployment}: the volume {volume} is mounted nowhere";
            foreach (var twice in mounts.GroupBy(mount => mount["mountPath"]!.ToString()).Where(group => group.Count() > 1))
                yield return $"{deployment}: two volumes at {twice.Key}";
            foreach (var mount in mounts.Where(mount => mount["mountPath"]!.ToString() != "/tmp" && mount["readOnly"]?.ToString() != "true"))
                yield return $"{deployment}: {mount["mountPath"]} can be written to";
            if (mounts.All(mount => mount["mountPath"]!.ToString() != "/tmp"))
                yield return $"{deployment}: .NET finds no /tmp to write to";
            foreach (var variable in deployment.Container["env"]!.AsArray())
            {
                var path = variable!["value"]?.ToString() ?? "";
                if (path.StartsWith('/') && path != "/models" && mounts.All(mount => !path.StartsWith(mount["mountPath"] + "/", StringComparison.Ordinal)))
                    yield return $"{deployment}: {variable["name"]} names {path}, which is not mounted";
            }
        }
    }
}
