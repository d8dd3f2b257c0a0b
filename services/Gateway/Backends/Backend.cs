using Realign.Balancing;
using Realign.Balancing.Addresses;
using Realign.Balancing.Replicas;
using Realign.Wire.Mesh;

namespace Realign.Gateway.Backends;

/// <summary>One service of the mesh: one process or several of them.</summary>
/// <param name="service">Which service it is.</param>
/// <param name="address">Where it is looked for.</param>
/// <param name="options">How its replicas are found, watched and called.</param>
/// <param name="time">The clock.</param>
internal sealed class Backend(MeshService service, ServiceAddress address, BalancingOptions options, TimeProvider time) : IDisposable
{
    /// <summary>Name in statuses and health, e.g. <c>scene-scorer</c>.</summary>
    public string Name { get; } = service.Name;

    /// <summary>The setting with its address, e.g. <c>Gateway:SceneScorer</c>.</summary>
    public string Setting { get; } = $"{GatewayOptions.SectionName}:{service.Section}";

    /// <summary>Where it is looked for.</summary>
    public string Address { get; } = address.Text;

    public ReplicaSet Replicas { get; } = new(address, options, time);

    /// <summary>Name of a replica in statuses, e.g. <c>generator</c>, <c>generator-2</c>.</summary>
    public string NameOf(Replica replica) => replica.Number == 1 ? Name : FormattableString.Invariant($"{Name}-{replica.Number}");

    public void Dispose() => Replicas.Dispose();
}
