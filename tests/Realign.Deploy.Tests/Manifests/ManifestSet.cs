namespace Realign.Deploy.Tests.Manifests;

/// <summary>All objects that one installation makes.</summary>
/// <param name="Items">In the order of the text.</param>
internal sealed record ManifestSet(IList<Manifest> Items)
{
    public IReadOnlyList<Manifest> Deployments => Of("Deployment");

    public IReadOnlyList<Manifest> Services => Of("Service");

    public static ManifestSet Read(string yaml) => new(YamlText.Read(yaml).Select(body => new Manifest(body)).ToList());

    public IReadOnlyList<Manifest> Of(string kind) => [.. Items.Where(item => item.Kind == kind)];

    /// <summary>The one object of this kind and name.</summary>
    public Manifest One(string kind, string name) => Items.Single(item => item.Kind == kind && item.Name == name);

    /// <summary>Deployments whose pods have these labels.</summary>
    public IReadOnlyList<Manifest> Selected(IReadOnlyDictionary<string, string> selector) =>
        [.. Deployments.Where(deployment => Manifest.Selects(selector, deployment.PodLabels))];

    /// <summary>As documents that Kubernetes' own readers take.</summary>
    public string ToYaml() => string.Join("\n---\n", Items.Select(item => item.Body.ToJsonString()));
}
