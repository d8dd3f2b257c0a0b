using Realign.Deploy.Tests.Manifests;

namespace Realign.Deploy.Tests.Charts;

/// <summary>A mistake that is made in good objects.</summary>
/// <param name="Name">What it is.</param>
/// <param name="Values">Value set whose objects it is made in.</param>
/// <param name="Make">Makes it.</param>
/// <param name="Problem">Words of the problem that must be found.</param>
internal sealed record Fault(string Name, string Values, Action<ManifestSet> Make, string Problem);
