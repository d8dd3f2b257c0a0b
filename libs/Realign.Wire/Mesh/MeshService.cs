namespace Realign.Wire.Mesh;

/// <summary>One of the six services: the only table of their names, ports and settings.</summary>
/// <param name="Name">As statuses, health checks and addresses name it, e.g. <c>scene-scorer</c>.</param>
/// <param name="Section">Section of its settings, e.g. <c>SceneScorer</c>.</param>
/// <param name="Port">Where it listens unless told otherwise.</param>
public sealed record MeshService(string Name, string Section, int Port)
{
    /// <summary>First port of the mesh; the services follow in the order of their numbers.</summary>
    public const int FirstPort = 5100;

    /// <summary>Runs the flow.</summary>
    public static readonly MeshService Gateway = new("gateway", "Gateway", FirstPort);

    /// <summary>Generates images.</summary>
    public static readonly MeshService Generator = new("generator", "Generator", FirstPort + 1);

    /// <summary>Captions images and scores prompts.</summary>
    public static readonly MeshService Captioner = new("captioner", "Captioner", FirstPort + 2);

    /// <summary>Names what an image shows.</summary>
    public static readonly MeshService Tagger = new("tagger", "Tagger", FirstPort + 3);

    /// <summary>Scores how well tags fit a prompt.</summary>
    public static readonly MeshService SceneScorer = new("scene-scorer", "SceneScorer", FirstPort + 4);

    /// <summary>Finds phrases in an image.</summary>
    public static readonly MeshService Segmenter = new("segmenter", "Segmenter", FirstPort + 5);

    /// <summary>The five behind the Gateway.</summary>
    public static IReadOnlyList<MeshService> Backends { get; } = [Generator, Captioner, Tagger, SceneScorer, Segmenter];

    /// <summary>All of them, those first that others need.</summary>
    public static IReadOnlyList<MeshService> All { get; } = [.. Backends, Gateway];

    /// <summary>Its program.</summary>
    public string Assembly => $"Realign.{Section}";

    /// <summary>Its port, counted from the first one.</summary>
    public int PortOffset => Port - FirstPort;

    /// <summary>Environment variable with its address, e.g. <c>REALIGN_SCENE_SCORER</c>.</summary>
    public string Variable => $"REALIGN_{Name.ToUpperInvariant().Replace('-', '_')}";

    /// <summary>Where it is looked for unless told otherwise, e.g. <c>http://127.0.0.1:5104</c>.</summary>
    public string DefaultAddress => FormattableString.Invariant($"http://127.0.0.1:{Port}");

    /// <inheritdoc/>
    public override string ToString() => Name;
}
