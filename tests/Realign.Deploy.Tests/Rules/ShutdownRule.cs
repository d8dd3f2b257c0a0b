using System.Globalization;
using Realign.Deploy.Tests.Manifests;
using Realign.Hosting.Models;

namespace Realign.Deploy.Tests.Rules;

/// <summary>A pod that goes has the time that its calls are promised: to be forgotten by callers, to end the calls, and to end the model's thread.</summary>
internal static class ShutdownRule
{
    public static IEnumerable<string> Check(ManifestSet set)
    {
        foreach (var deployment in set.Deployments)
        {
            var wait = new Manifest(deployment.Container).Number("lifecycle", "preStop", "sleep", "seconds") ?? 0;
            if (wait < 1)
                yield return $"{deployment}: it gets calls of those who have not heard yet that it goes";
            var grace = deployment.Number("spec", "template", "spec", "terminationGracePeriodSeconds") ?? 30;
            var needed = wait + long.Parse(deployment.Setting("Hosting__DrainSeconds") ?? "30", CultureInfo.InvariantCulture) + ModelRunner.StopLimit.TotalSeconds;
            if (grace <= needed)
                yield return $"{deployment}: it is killed after {grace} s and may need {needed} s to end";
        }
    }
}
