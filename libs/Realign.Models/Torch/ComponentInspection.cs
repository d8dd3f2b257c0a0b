using Realign.Core.Errors;
using Realign.Safetensors;
using Realign.Torch.Weights;

namespace Realign.Models.Torch;

/// <summary>Compares every set of weights in a folder with the structure that its config describes.</summary>
internal static class ComponentInspection
{
    /// <summary>One report for each set of weights; one with problems when there is none.</summary>
    /// <param name="name">What the part is called.</param>
    /// <param name="folder">Holds the config and the weights.</param>
    /// <param name="className">Class of the part.</param>
    /// <param name="baseName">Name of its weight files without variant and suffix.</param>
    /// <param name="configFile">Name of its config.</param>
    public static IReadOnlyList<PartReport> Run(string name, string folder, string className, string baseName, string configFile = "config.json")
    {
        var empty = new PartReport { Name = name, ClassName = className };
        Architecture architecture;
        try
        {
            architecture = Architecture.Build(className, Path.Combine(folder, configFile));
        }
        catch (ModelLoadException exception)
        {
            return [empty with { Problems = [.. exception.Problems.Select(problem => $"{Path.GetFileName(exception.Path)}: {problem}")],
                WaysOut = [exception.WayOut] }];
        }

        using (architecture.Module)
        {
            var variants = SafetensorsSet.Variants(folder, baseName);
            var part = empty with
            {
                Parameters = architecture.Parameters,
                StaysFloat32 = architecture.StaysFloat32,
                Facts = variants.Count > 1 && !variants.Contains(null)
                    ? [.. architecture.Facts, "no weights without a variant: a service needs the setting Variant"]
                    : architecture.Facts,
            };
            return [.. variants.DefaultIfEmpty().Select(variant =>
                Compare(part with { Variant = variant }, architecture, () => SafetensorsSet.OpenFolder(folder, baseName, variant)))];
        }
    }

    /// <summary>Compares weights with a structure.</summary>
    /// <param name="part">What is known of it.</param>
    /// <param name="architecture">The structure.</param>
    /// <param name="open">Opens the weights.</param>
    public static PartReport Compare(PartReport part, Architecture architecture, Func<SafetensorsSet> open)
    {
        try
        {
            using var weights = open();
            var problems = StateDict.Check(architecture.Module, weights.Entries, architecture.Rules);
            var numbers = problems.Count == 0 ? StateDict.CheckNumbers(architecture.Module, weights, architecture.Rules) : [];
            return part with
            {
                Files = [.. weights.Files.Select(file => Path.GetFileName(file.Path))],
                StoredTypes = [.. weights.Entries.Values.Select(entry => entry.DType.HeaderName()).Distinct().Order(StringComparer.Ordinal)],
                Tensors = weights.Entries.Count,
                Facts = [.. part.Facts, .. KeyFacts(weights.Entries.Keys)],
                Problems = [.. problems, .. numbers],
                WaysOut = problems.Count > 0 ? [StateDict.WayOut] : numbers.Count > 0 ? [SafetensorsFile.NonFiniteWayOut] : [],
            };
        }
        catch (ModelLoadException exception)
        {
            return part.With(exception);
        }
    }

    // which of the spellings in circulation a file has
    private static IEnumerable<string> KeyFacts(IEnumerable<string> keys)
    {
        var all = keys.ToList();
        if (all.Exists(key => key.Contains(".attentions.", StringComparison.Ordinal) && key.Contains(".proj_attn.", StringComparison.Ordinal)))
            yield return "attention keys in the first spelling (query, key, value, proj_attn)";
        if (all.Exists(key => key.EndsWith("position_ids", StringComparison.Ordinal)))
            yield return "with the position_ids buffer of older files";
    }
}
