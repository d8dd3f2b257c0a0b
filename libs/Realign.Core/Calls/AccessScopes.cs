namespace Realign.Core.Calls;

/// <summary>What a key may open: services, by the names of their protos without <c>Service</c>, and parts of the Open Inference Protocol.</summary>
public static class AccessScopes
{
    /// <summary>Opens every service, and all of them but <see cref="Manage"/>.</summary>
    public const string Any = "*";

    /// <summary>Open Inference Protocol: inference.</summary>
    public const string Inference = "inference";

    /// <summary>Open Inference Protocol: what models there are, what they take, whether they are ready, their statistics.</summary>
    public const string Metadata = "metadata";

    /// <summary>Open Inference Protocol: loads and unloads models.</summary>
    public const string Manage = "manage";

    /// <summary>All there are.</summary>
    public static IReadOnlyList<string> All { get; } =
        [Any, "gateway", "reward", "generator", "captioner", "tagger", "scene-scorer", "segmenter", Inference, Metadata, Manage];
}
