using Realign.Deploy.Tests.Manifests;

namespace Realign.Deploy.Tests.Charts;

/// <summary>The chart as helm renders it for each value set, once for all tests.</summary>
public sealed class Rendering
{
    private readonly Dictionary<string, Task<string>> _texts = [];
    private readonly Lock _lock = new();

    /// <summary>The value sets that the chart brings; default is none at all.</summary>
    public static IReadOnlyList<string> ValueSets { get; } = ["default", "gpu", "scaled", "hardened", "minimal"];

    /// <summary>Objects of a value set. They are the caller's own.</summary>
    internal async Task<ManifestSet> OfAsync(string values) => ManifestSet.Read(await TextAsync(values));

    private Task<string> TextAsync(string values)
    {
        lock (_lock)
        {
            if (!_texts.TryGetValue(values, out var text))
                _texts[values] = text = RenderAsync(values);
            return text;
        }
    }

    private static async Task<string> RenderAsync(string values)
    {
        string[] set = values == "default" ? [] : ["--values", Path.Combine(Helm.Chart, "values", $"{values}.yaml")];
        var run = await Helm.RunAsync(["template", "realign", Helm.Chart, "--namespace", "serving", .. set]);
        return run.Code == 0 ? run.Output : throw new InvalidOperationException(run.Error);
    }
}
