using Realign.Diffusion.Adapters.Formats;
using Realign.Safetensors;

namespace Realign.Diffusion.Adapters;

/// <summary>The header of an adapter file, put to the layers of a model.</summary>
/// <param name="Layers">Layer to its tensors.</param>
/// <param name="Contents">The header by itself.</param>
/// <param name="Problems">Every key that does not fit; empty = it can be loaded.</param>
internal sealed record AdapterLayout(
    IReadOnlyDictionary<AdapterTarget, LayerKeys> Layers, AdapterContents Contents, IReadOnlyList<string> Problems)
{
    public static AdapterLayout Of(SafetensorsFile file, AdapterTargets targets)
    {
        var contents = AdapterContents.Of(file);
        var problems = contents.Problems.ToList();
        var layers = new Dictionary<AdapterTarget, LayerKeys>();
        foreach (var (name, keys) in contents.Layers)
        {
            if (targets.Find(name) is not { } target)
            {
                problems.AddRange(keys.Entries.Values.Select(entry => $"key '{entry.Name}': the model has no such layer"));
                continue;
            }

            if (!layers.TryGetValue(target, out var all))
                layers.Add(target, all = new LayerKeys());
            problems.AddRange(keys.Entries.Select(item => all.Add(item.Key, item.Value, target.Path)).OfType<string>());
        }

        foreach (var (target, keys) in layers)
            problems.AddRange(ProblemsOf(keys, target.Path, target.Weight, target.Layer.Bias?.shape));
        return new AdapterLayout(layers, contents, problems);
    }

    /// <summary>What is missing or does not fit in a layer's tensors.</summary>
    /// <param name="keys">The tensors.</param>
    /// <param name="layer">What the layer is called in messages.</param>
    /// <param name="weight">Shape of its weight; null when no model is at hand.</param>
    /// <param name="bias">Shape of its bias; null = it has none.</param>
    public static IEnumerable<string> ProblemsOf(LayerKeys keys, string layer, long[]? weight, long[]? bias)
    {
        var formats = LayerFormat.Of(keys);
        if (formats.Count > 1)
        {
            yield return $"layer '{layer}' is changed in {formats.Count} ways at once";
            yield break;
        }

        foreach (var problem in formats.SelectMany(format => format.Problems(keys, layer, weight)))
            yield return problem;
        if (keys.TryGet(AdapterPart.Alpha, out var alpha) && alpha.Count != 1)
            yield return $"key '{alpha.Name}' holds {alpha.Count} numbers, not one";
        if (keys.TryGet(AdapterPart.Magnitude, out var magnitude))
        {
            if (formats.Count == 0 || formats[0] is DifferenceFormat)
                yield return $"key '{magnitude.Name}' has no low-rank change to scale";
            else if (weight is { Length: > 1 } && Magnitude.IsOfRows(keys, weight) is null)
                yield return $"key '{magnitude.Name}' has shape {Shapes.Text(magnitude.Shape)}, "
                    + $"one norm for each row or column of {Shapes.Text(weight)} is needed";
        }

        if (formats.Count == 0 && !keys.Has(AdapterPart.BiasDifference) && !keys.Has(AdapterPart.Magnitude))
            yield return $"layer '{layer}' has an alpha and nothing else";
        if (weight is null || !keys.TryGet(AdapterPart.BiasDifference, out var difference))
            yield break;
        if (bias is null)
            yield return $"key '{difference.Name}': '{layer}' has no bias";
        else if (!difference.Shape.SequenceEqual(bias))
            yield return $"key '{difference.Name}' has shape {Shapes.Text(difference.Shape)}, '{layer}' needs {Shapes.Text(bias)}";
    }
}
