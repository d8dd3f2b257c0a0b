namespace Realign.Core.Calls;

/// <summary>What a key may open: services, by the names of their protos without <c>Service</c>.</summary>
public static class AccessScopes
{
    /// <summary>Opens every service, but does not manage.</summary>
    public const string Any = "*";

    /// <summary>Loads and unloads models, beside what other scopes open.</summary>
    public const string Manage = "manage";

    /// <summary>All there are.</summary>
    public static IReadOnlyList<string> All { get; } = [Any, Manage, "gateway", "reward", "generator", "captioner", "tagger", "scene-scorer", "segmenter"];
}
