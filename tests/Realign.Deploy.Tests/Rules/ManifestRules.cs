using Realign.Deploy.Tests.Manifests;

namespace Realign.Deploy.Tests.Rules;

/// <summary>What must hold between the objects of an installation and the services they start, which no schema knows.</summary>
internal static class ManifestRules
{
    private static readonly Func<ManifestSet, IEnumerable<string>>[] All =
    [
        NameRule.Check, SelectorRule.Check, PortRule.Check, ProbeRule.Check, SettingRule.Check, AddressRule.Check, SecurityRule.Check, SecretRule.Check,
        VolumeRule.Check, ShutdownRule.Check, ResourceRule.Check, ImageRule.Check, ScalingRule.Check, NetworkRule.Check,
    ];

    /// <summary>Everything that is wrong.</summary>
    public static IReadOnlyList<string> Check(ManifestSet set) => [.. All.SelectMany(rule => rule(set))];
}
