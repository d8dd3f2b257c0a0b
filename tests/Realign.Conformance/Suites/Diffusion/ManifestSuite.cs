using Realign.Conformance.Runner;
using Realign.Models;
using Realign.Safetensors;

namespace Realign.Conformance.Suites.Diffusion;

/// <summary>Module trees of the full-size models, built without storage, must have exactly the published keys and shapes.</summary>
internal sealed class ManifestSuite : IConformanceSuite
{
    public string Folder => "diffusion/manifests";

    public IEnumerable<ConformanceCase> Cases(string folder)
    {
        foreach (var entry in DiffusionPack.ReadJson(Path.Combine(folder, "index.json")).EnumerateArray())
        {
            foreach (var field in new[] { "manifest", "manifest_old_names" })
            {
                if (!entry.TryGetProperty(field, out var manifest))
                    continue;
                var name = $"{entry.GetProperty("model").GetString()}/{entry.GetProperty("part").GetString()}{(field == "manifest" ? "" : "_old_names")}";
                yield return new ConformanceCase(name, context =>
                {
                    var entries = Entries(Path.Combine(folder, manifest.GetString()!));
                    var check = ComponentCheck.Run(entry.GetProperty("class").GetString()!, Path.Combine(folder, entry.GetProperty("config").GetString()!),
                        entries);
                    context.EqualSequence("problems", [], check.Problems);
                    context.Equal("parameters", entry.GetProperty("parameters").GetInt64(), check.Parameters);
                    context.Equal("tensors", entry.GetProperty("tensors").GetInt32(), entries.Count);
                });
            }
        }
    }

    private static Dictionary<string, SafetensorsEntry> Entries(string path)
    {
        var entries = new Dictionary<string, SafetensorsEntry>(StringComparer.Ordinal);
        foreach (var key in DiffusionPack.ReadJson(path).GetProperty("keys").EnumerateObject())
        {
            var shape = key.Value[0].EnumerateArray().Select(side => side.GetInt64()).ToArray();
            entries.Add(key.Name, new SafetensorsEntry(key.Name, Enum.Parse<SafetensorsDType>(key.Value[1].GetString()!), shape, 0, 0));
        }

        return entries;
    }
}
