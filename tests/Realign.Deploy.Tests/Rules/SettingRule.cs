using Realign.Deploy.Tests.Manifests;
using Realign.Deploy.Tests.Settings;

namespace Realign.Deploy.Tests.Rules;

/// <summary>Environment variables are settings of the service that gets them, each once.</summary>
internal static class SettingRule
{
    public static IEnumerable<string> Check(ManifestSet set)
    {
        foreach (var deployment in set.Deployments)
        {
            var names = deployment.Container["env"]!.AsArray().Select(variable => variable!["name"]!.ToString()).ToList();
            foreach (var name in names.Where(name => !SettingNames.Exists(deployment.Component, name)))
                yield return $"{deployment}: {name} is no setting of {deployment.Component}";
            foreach (var twice in names.GroupBy(name => name).Where(group => group.Count() > 1))
                yield return $"{deployment}: {twice.Key} is there twice";
            foreach (var variable in deployment.Container["env"]!.AsArray().Where(variable => variable!["value"] is { } value
                && value.GetValueKind() != System.Text.Json.JsonValueKind.String))
                yield return $"{deployment}: {variable!["name"]} is not a text";
        }
    }
}
