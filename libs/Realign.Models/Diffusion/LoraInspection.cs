using Realign.Clip.Text;
using Realign.Core.Errors;
using Realign.Core.Files;
using Realign.Diffusion.Adapters;
using Realign.Diffusion.UNet;
using Realign.Models.Torch;
using Realign.Safetensors;
using static TorchSharp.torch;

namespace Realign.Models.Diffusion;

/// <summary>Adapter files, and other lone safetensors files.</summary>
internal static class LoraInspection
{
    // the two halves of a pair, in every spelling
    private static readonly (string Down, string Up)[] Marks =
        [(".lora_A.", ".lora_B."), ("lora.down.", "lora.up."), (".lora_down.", ".lora_up."), (".lora_linear_layer.down.", ".lora_linear_layer.up.")];

    /// <summary>Whether a file is a safetensors file with adapter keys.</summary>
    public static bool IsAdapter(string path)
    {
        if (!path.EndsWith(".safetensors", StringComparison.OrdinalIgnoreCase))
            return false;
        try
        {
            using var file = SafetensorsFile.Open(path);
            return file.Entries.Keys.Any(IsAdapterKey);
        }
        catch (ModelLoadException)
        {
            return false;
        }
    }

    public static ModelReport Run(string path, IReadOnlyList<string> files, string? baseModel)
    {
        var parts = files.Select(file => Inspect(file, baseModel)).ToList();
        var isAdapter = parts.Exists(part => part.ClassName == "LoRA");
        return new ModelReport
        {
            Path = path,
            Kind = isAdapter ? ModelKind.Lora : ModelKind.Unknown,
            Description = isAdapter ? "low-rank adapter of Stable Diffusion" : "a lone safetensors file",
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
        var part = new PartReport { Name = Path.GetFileName(path), ClassName = "safetensors", Files = [Path.GetFileName(path)] };
        try
        {
            using var file = SafetensorsFile.Open(path);
            var isAdapter = file.Entries.Keys.Any(IsAdapterKey);
            var findings = new Findings();
            if (isAdapter && baseModel is not null)
                Compare(path, baseModel, findings);
            else if (isAdapter)
                findings.AddRange(Halves(file));
            if (isAdapter && findings.Problems.Count == 0)
                CheckNumbers(file, findings);
            return part with
            {
                ClassName = isAdapter ? "LoRA" : part.ClassName,
                StoredTypes = [.. file.Entries.Values.Select(entry => entry.DType.HeaderName()).Distinct().Order(StringComparer.Ordinal)],
                Tensors = file.Entries.Count,
                Parameters = file.Entries.Values.Sum(entry => entry.Count),
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

    private static void CheckNumbers(SafetensorsFile file, Findings findings)
    {
        var numbers = file.Entries.Keys.Select(file.FindNonFinite).OfType<string>().ToList();
        if (numbers.Count > 0)
            findings.Add(new ModelLoadException(file.Path, numbers, SafetensorsFile.NonFiniteWayOut), withFileName: false);
        file.RequireUnchanged();
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

    // what can be said without a model: each layer needs both halves, of one rank
    private static IEnumerable<string> Halves(SafetensorsFile file)
    {
        foreach (var key in file.Entries.Keys.Where(IsAdapterKey))
        {
            var other = Other(key);
            if (!file.Entries.TryGetValue(other, out var half))
                yield return $"key '{key}' has no counterpart '{other}'";
            else if (IsDown(key) && (file.Entries[key].Shape is not [var rank, ..] || half.Shape.Count < 2 || half.Shape[1] != rank))
                yield return $"keys '{key}' [{string.Join(", ", file.Entries[key].Shape)}] and '{other}' [{string.Join(", ", half.Shape)}] have no common rank";
        }
    }

    private static IEnumerable<string> Describe(SafetensorsFile file)
    {
        var keys = file.Entries.Keys.ToList();
        yield return keys.Exists(key => key.StartsWith("lora_", StringComparison.Ordinal)) ? "kohya spelling"
            : keys.Exists(key => key.Contains(".processor.", StringComparison.Ordinal)) ? "spelling of diffusers' attention processors"
            : keys.Exists(key => key.Contains(".lora_A.", StringComparison.Ordinal)) ? "peft spelling" : "diffusers spelling";
        var down = keys.FindAll(IsDown);
        var ranks = down.Select(key => file.Entries[key].Shape is [var rank, ..] ? rank : 0).Distinct().Order().ToList();
        yield return $"{down.Count} layers, rank {string.Join(", ", ranks)}";
        // queries of cross-attention see the latents, keys see the text: their width tells the generations apart
        var widths = down.Where(key => key.Contains("attn2", StringComparison.Ordinal) && key.Contains("to_k", StringComparison.Ordinal))
            .Select(key => file.Entries[key].Shape is [_, var width, ..] ? width : 0).Distinct().ToList();
        if (widths is [var text])
            yield return $"for a text width of {text}{text switch { 768 => " (Stable Diffusion 1.x)", 1024 => " (2.x)", 2048 => " (XL)", _ => "" }}";
    }

    private static bool IsAdapterKey(string key) => IsDown(key) || Marks.Any(mark => key.Contains(mark.Up, StringComparison.Ordinal));

    private static bool IsDown(string key) => Marks.Any(mark => key.Contains(mark.Down, StringComparison.Ordinal));

    private static string Other(string key)
    {
        foreach (var (down, up) in Marks)
        {
            if (key.Contains(down, StringComparison.Ordinal))
                return key.Replace(down, up, StringComparison.Ordinal);
            if (key.Contains(up, StringComparison.Ordinal))
                return key.Replace(up, down, StringComparison.Ordinal);
        }

        return key;
    }
}
