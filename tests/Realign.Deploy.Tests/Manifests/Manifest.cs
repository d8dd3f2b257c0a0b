using System.Text.Json.Nodes;

namespace Realign.Deploy.Tests.Manifests;

/// <summary>One object for Kubernetes.</summary>
/// <param name="body">As it would be sent.</param>
internal sealed class Manifest(JsonObject body)
{
    /// <summary>As it would be sent.</summary>
    public JsonObject Body { get; } = body;

    public string Kind => Text("kind");

    public string Name => Text("metadata", "name");

    public IReadOnlyDictionary<string, string> Labels => LabelsAt("metadata", "labels");

    /// <summary>Labels of its pods; none where it makes no pods.</summary>
    public IReadOnlyDictionary<string, string> PodLabels => LabelsAt("spec", "template", "metadata", "labels");

    /// <summary>Its pods' specification; null where it makes none.</summary>
    public JsonObject? Pod => At("spec", "template", "spec") as JsonObject;

    /// <summary>The container of its pods.</summary>
    public JsonObject Container => Pod!["containers"]!.AsArray().Single()!.AsObject();

    /// <summary>Which of the six services it belongs to, e.g. <c>scene-scorer</c>.</summary>
    public string Component => Labels.GetValueOrDefault("app.kubernetes.io/component", "");

    /// <summary>Value of an environment variable of its container; null where there is none.</summary>
    public string? Setting(string name) =>
        Container["env"]!.AsArray().FirstOrDefault(variable => variable!["name"]!.ToString() == name)?["value"]?.ToString();

    public JsonNode? At(params string[] path) => path.Aggregate((JsonNode?)Body, (node, name) => (node as JsonObject)?[name]);

    public string Text(params string[] path) => At(path)?.ToString() ?? "";

    /// <summary>A whole number; null where there is none.</summary>
    public long? Number(params string[] path) => At(path) is JsonValue value && value.TryGetValue<long>(out var number) ? number : null;

    public IReadOnlyDictionary<string, string> LabelsAt(params string[] path) => ReadLabels(At(path));

    /// <summary>Objects of a list; none where there is no list.</summary>
    public IReadOnlyList<JsonObject> ListAt(params string[] path) => [.. (At(path) as JsonArray ?? []).OfType<JsonObject>()];

    public override string ToString() => $"{Kind} {Name}";

    /// <summary>Whether all labels that are asked for are there; nothing is selected by none.</summary>
    public static bool Selects(IReadOnlyDictionary<string, string> selector, IReadOnlyDictionary<string, string> labels) =>
        selector.Count > 0 && selector.All(pair => labels.GetValueOrDefault(pair.Key) == pair.Value);

    private static Dictionary<string, string> ReadLabels(JsonNode? node) =>
        (node as JsonObject ?? []).ToDictionary(pair => pair.Key, pair => pair.Value?.ToString() ?? "", StringComparer.Ordinal);
}
