using Realign.Clip.Text;
using Realign.Core.Errors;
using Realign.Core.Files;
using Realign.Diffusion.Adapters;
using Realign.Diffusion.Checkpoints;
using Realign.Diffusion.UNet;
using Realign.Models.Torch;
using Realign.Safetensors;
using static TorchSharp.torch;

namespace Realign.Models.Diffusion;

/// <summary>Adapter files, and other lone safetensors files.</summary>
internal static class AdapterInspection
{
    private const string Lone = "safetensors";

    /// <summary>Whether a file is a safetensors file with adapter keys.</summary>
    public static bool IsAdapter(string path)
    {
        if (!path.EndsWith(".safetensors", StringComparison.OrdinalIgnoreCase))
            return false;
        try
        {
            using var file = SafetensorsFile.Open(path);
            return AdapterHeader.IsAdapter(file);
        }
        catch (ModelLoadException)
        {
            return false;
        }
    }

    public static ModelReport Run(string path, IReadOnlyList<string> files, string? baseModel)
    {
        var parts = files.Select(file => Inspect(file, baseModel)).ToList();
        var isAdapter = parts.Exists(part => part.ClassName != Lone);
        return new ModelReport
        {
            Path = path,
            Kind = isAdapter ? ModelKind.Adapter : ModelKind.Unknown,
            Description = isAdapter ? "adapter of Stable Diffusion" : "a lone safetensors file",
            Facts = !isAdapter ? [] : [baseModel is null ? "not compared with a model: name one with --for" : $"compared with {baseModel}"],
            Parts = parts,
            Problems = isAdapter || parts.Exists(part => part.Problems.Count > 0) ? []
                : ["no adapter keys, and no config.json beside it that says what it is: name the model's folder"],
            MemoryBytes = Findings.TorchMemory(parts),
            License = LicenseFile.Find(path),
        };
    }

    private static PartReport Inspect(string path, string? baseModel)
    {
        var part = new PartReport { Name = Path.GetFileName(path), ClassName = Lone, Files = [Path.GetFileName(path)] };
        try
        {
            using var file = SafetensorsFile.Open(path);
            var isAdapter = AdapterHeader.IsAdapter(file);
            var findings = new Findings();
            if (isAdapter && baseModel is not null)
                Compare(path, baseModel, findings);
            else if (isAdapter)
                findings.AddRange(AdapterHeader.Problems(file));
            if (isAdapter && findings.Problems.Count == 0)
                findings.CheckNumbers(file);
            return PartReport.OfFile(file, isAdapter ? KindOf(AdapterHeader.Read(file, part.Name)) : Lone) with
            {
                Facts = isAdapter ? [.. Describe(file)] : [],
                Problems = findings.Problems,
                WaysOut = findings.WaysOut,
            };
        }
        catch (ModelLoadException exception)
        {
            return part.With(exception);
        }
    }

    private static void Compare(string path, string baseModel, Findings findings)
    {
        var components = new Dictionary<string, nn.Module>(StringComparer.Ordinal);
        try
        {
            foreach (var (name, className) in new[] { ("unet", nameof(UNet2DConditionModel)), ("text_encoder", nameof(CLIPTextModel)),
                ("text_encoder_2", nameof(CLIPTextModelWithProjection)) })
            {
                var config = Path.Combine(baseModel, name, "config.json");
                if (ModelFile.Exists(config) && findings.Try(() => Architecture.Build(className, config)) is { } architecture)
                    components.Add(name, architecture.Module);
            }

            findings.AddRange(AdapterWeights.Check(path, components));
        }
        finally
        {
            foreach (var module in components.Values)
                module.Dispose();
        }
    }

    private static string KindOf(AdapterSummary summary) => summary.Kinds.Count > 0 ? string.Join(" + ", summary.Kinds) : "adapter";

    private static IEnumerable<string> Describe(SafetensorsFile file)
    {
        var summary = AdapterHeader.Read(file, Path.GetFileName(file.Path));
        var keys = file.Entries.Keys.ToList();
        yield return keys.Exists(key => key.StartsWith("lora_", StringComparison.Ordinal)) ? "kohya spelling"
            : keys.Exists(key => key.Contains(".processor.", StringComparison.Ordinal)) ? "spelling of diffusers' attention processors"
            : keys.Exists(key => key.Contains(".lora_A.", StringComparison.Ordinal)) ? "peft spelling" : "diffusers spelling";
        yield return $"{summary.Layers} layers of {string.Join(", ", summary.Components)}"
            + (summary.Ranks.Count > 0 ? $", rank {string.Join(", ", summary.Ranks)}" : "");
        if (summary.Family is { } family)
        {
            var name = family switch { CheckpointFamily.StableDiffusion1 => "1.x", CheckpointFamily.StableDiffusion2 => "2.x", _ => "XL" };
            yield return $"for Stable Diffusion {name}";
        }

        if (summary.Title.Length > 0)
            yield return $"title: {summary.Title}";
        if (summary.TriggerWords.Count > 0)
            yield return $"words: {string.Join(", ", summary.TriggerWords)}";
        if (summary.Embeddings.Count > 0)
            yield return $"embeddings inside: {string.Join(", ", summary.Embeddings)}";
    }
}
