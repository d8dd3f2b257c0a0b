using Realign.Core.Errors;
using Realign.Safetensors;
using Realign.Torch;
using Realign.Torch.Layers;
using static TorchSharp.torch;

namespace Realign.Diffusion.Adapters;

/// <summary>
/// An adapter file for a loaded model: LoRA (Hu et al. 2021), LoCon, DoRA, LoHa, LoKr, whole differences and norms, in any of the spellings in
/// circulation. Attached for the length of a request; base weights are never touched.
/// </summary>
/// <remarks>Use on the thread of the model. Several files can be attached at once; those that change weights of the same layers in one
/// <see cref="AdapterSet"/>.</remarks>
public sealed class AdapterWeights : IDisposable
{
    /// <summary>What to do with a file that does not fit.</summary>
    public const string WayOut = "use an adapter that was trained on this model's architecture: LoRA, LoCon, DoRA, LoHa, LoKr, whole differences or norms";

    private readonly List<AdaptedLayer> _layers;

    private AdapterWeights(string path, List<AdaptedLayer> layers, IReadOnlyList<BundledEmbedding> embeddings)
    {
        Path = path;
        _layers = layers;
        Embeddings = embeddings;
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>Component and path of every layer the file adapts.</summary>
    public IEnumerable<string> Modules => _layers.Select(layer => layer.Target.Path);

    /// <summary>Component and path of every layer with a plain low-rank pair, at strength 1, for training and merging. Owned here.</summary>
    public IReadOnlyList<(string Module, LoraAdapter Adapter)> Pairs =>
        [.. _layers.Where(layer => layer.Branch is not null).Select(layer => (layer.Target.Path, layer.Branch!))];

    /// <summary>Textual inversions inside the file.</summary>
    public IReadOnlyList<BundledEmbedding> Embeddings { get; }

    /// <summary>Memory that it takes.</summary>
    public long Bytes => _layers.Sum(layer => layer.Bytes)
        + Embeddings.Sum(embedding => embedding.Tensors.Values.Sum(vectors => (long)vectors.Values.Count * sizeof(float)));

    internal IReadOnlyList<AdaptedLayer> Layers => _layers;

    /// <summary>Opens a file for a model.</summary>
    /// <param name="path">A safetensors file.</param>
    /// <param name="components">Component name (<c>unet</c>, <c>text_encoder</c>, <c>text_encoder_2</c>) to loaded model.</param>
    /// <param name="placement">Device and type of those models.</param>
    /// <exception cref="ModelLoadException">The file is no adapter, or one for another architecture; lists every key that does not fit.</exception>
    public static AdapterWeights Load(string path, IReadOnlyDictionary<string, nn.Module> components, TorchPlacement placement)
    {
        using var file = SafetensorsFile.Open(path);
        return Load(file, new AdapterTargets(components), placement, CancellationToken.None);
    }

    /// <summary>Every key of a file that does not fit a model; empty = it fits. Reads alphas but no weights, and the model needs none.</summary>
    /// <param name="path">A safetensors file.</param>
    /// <param name="components">Component name (<c>unet</c>, <c>text_encoder</c>, <c>text_encoder_2</c>) to model.</param>
    /// <exception cref="ModelLoadException">The file, or what it says about alphas, cannot be read.</exception>
    public static IReadOnlyList<string> Check(string path, IReadOnlyDictionary<string, nn.Module> components)
    {
        using var file = SafetensorsFile.Open(path);
        var layout = AdapterLayout.Of(file, new AdapterTargets(components));
        if (layout.Problems.Count > 0)
            return layout.Problems;
        var metadata = AlphaMetadata.Read(file);
        foreach (var (target, keys) in layout.Layers)
            _ = AdaptedLayer.Scale(file, target, keys, metadata);
        return [];
    }

    /// <summary>Puts the adapter to use by itself until the result is disposed.</summary>
    /// <param name="strength">Factor on all of it, in UNet and text encoders alike; 1 = as trained.</param>
    public IDisposable Attach(double strength)
    {
        if (!double.IsFinite(strength))
            throw new InvalidInputException("lora.strength", strength.ToString(System.Globalization.CultureInfo.InvariantCulture), "is not a number",
                "use 0 to 1 (up to 2 at most)");
        return Attach(AdapterStrengths.Everywhere(strength));
    }

    /// <summary>The same, with strengths that differ.</summary>
    public IDisposable Attach(AdapterStrengths strengths) => AdapterSet.Create([(this, strengths)], CancellationToken.None).Attach(owned: true);

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var layer in _layers)
            layer.Dispose();
    }

    internal static AdapterWeights Load(SafetensorsFile file, AdapterTargets targets, TorchPlacement placement, CancellationToken cancellation)
    {
        var layout = AdapterLayout.Of(file, targets);
        if (layout.Problems.Count > 0)
            throw new ModelLoadException(file.Path, layout.Problems, WayOut);
        RequireFinite(file, cancellation);
        var metadata = AlphaMetadata.Read(file);
        var layers = new List<AdaptedLayer>();
        var weights = new AdapterWeights(file.Path, layers, [.. layout.Contents.Embeddings.Select(item => Embedding(file, item.Key, item.Value))]);
        try
        {
            foreach (var (target, keys) in layout.Layers)
            {
                cancellation.ThrowIfCancellationRequested();
                layers.Add(AdaptedLayer.Read(file, target, keys, metadata, placement));
            }

            file.RequireUnchanged();
            return weights;
        }
        catch
        {
            weights.Dispose();
            throw;
        }
    }

    private static void RequireFinite(SafetensorsFile file, CancellationToken cancellation)
    {
        var problems = new List<string>();
        foreach (var key in file.Entries.Keys)
        {
            cancellation.ThrowIfCancellationRequested();
            if (file.FindNonFinite(key) is { } problem)
                problems.Add(problem);
        }

        if (problems.Count > 0)
            throw new ModelLoadException(file.Path, problems, SafetensorsFile.NonFiniteWayOut);
    }

    private static BundledEmbedding Embedding(SafetensorsFile file, string name, Dictionary<string, SafetensorsEntry> tensors) =>
        new(name, tensors.ToDictionary(item => item.Key, item =>
        {
            var width = (int)item.Value.Shape[^1];
            return new EmbeddingVectors((int)(item.Value.Count / width), width, file.ReadSingles(item.Value.Name));
        }, StringComparer.Ordinal));
}
