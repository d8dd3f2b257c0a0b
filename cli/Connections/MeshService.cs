namespace Realign.Cli.Connections;

/// <summary>One of the six services.</summary>
/// <param name="Name">As statuses and addresses name it.</param>
/// <param name="Assembly">Its program.</param>
/// <param name="PortOffset">Its port, counted from the first one.</param>
internal sealed record MeshService(string Name, string Assembly, int PortOffset)
{
    /// <summary>First port of the mesh unless told otherwise.</summary>
    public const int DefaultPortBase = 5100;

    public static readonly MeshService Gateway = new("gateway", "Realign.Gateway", 0);
    public static readonly MeshService Generator = new("generator", "Realign.Generator", 1);
    public static readonly MeshService Captioner = new("captioner", "Realign.Captioner", 2);
    public static readonly MeshService Tagger = new("tagger", "Realign.Tagger", 3);
    public static readonly MeshService SceneScorer = new("scene-scorer", "Realign.SceneScorer", 4);
    public static readonly MeshService Segmenter = new("segmenter", "Realign.Segmenter", 5);

    /// <summary>All of them, those first that others need.</summary>
    public static IReadOnlyList<MeshService> All { get; } = [Generator, Captioner, Tagger, SceneScorer, Segmenter, Gateway];

    /// <summary>Name of its section in settings, e.g. <c>SceneScorer</c>.</summary>
    public string Section => Assembly["Realign.".Length..];

    /// <summary>Environment variable with its address, e.g. <c>REALIGN_SCENE_SCORER</c>.</summary>
    public string Variable => $"REALIGN_{Name.ToUpperInvariant().Replace('-', '_')}";
}
