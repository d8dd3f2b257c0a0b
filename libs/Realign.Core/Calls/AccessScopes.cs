namespace Realign.Core.Calls;

/// <summary>What a key may open: services, by the names of their protos without <c>Service</c>.</summary>
public static class AccessScopes
{
    /// <summary>Opens every service.</summary>
    public const string Any = "*";

    /// <summary>All there are.</summary>
    public static IReadOnlyList<string> All { get; } = [Any, "gateway", "reward", "generator", "captioner", "tagger", "scene-scorer", "segmenter"];
}
