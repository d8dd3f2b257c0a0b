using Realign.Core.Errors;
using Realign.Diffusion.Pipelines;
using Realign.Torch;
using static TorchSharp.torch;

namespace Realign.Diffusion.TextualInversion;

/// <summary>Vectors of an embedding for each text encoder of a model. The caller's dispose scope owns them.</summary>
/// <param name="Name">As calls name it.</param>
/// <param name="Layout">What the file holds.</param>
/// <param name="Vectors">(N, W) per text encoder.</param>
public sealed record TextualEmbedding(string Name, EmbeddingLayout Layout, IReadOnlyList<Tensor> Vectors)
{
    /// <summary>An embedding of tensors from anywhere: a file of its own, or one bundled in an adapter.</summary>
    /// <param name="name">For errors, and as calls name it.</param>
    /// <param name="tensors">All tensors of the embedding by key, of any float type.</param>
    /// <param name="towers">The model's text encoders.</param>
    /// <param name="placement">Device and type of those.</param>
    /// <exception cref="ModelLoadException">It is none, for another model, or holds numbers that the model's type has not.</exception>
    public static TextualEmbedding Create(
        string name, IReadOnlyDictionary<string, Tensor> tensors, IReadOnlyList<TextTower> towers, TorchPlacement placement)
    {
        ArgumentNullException.ThrowIfNull(tensors);
        ArgumentNullException.ThrowIfNull(towers);
        ArgumentNullException.ThrowIfNull(placement);
        var layout = EmbeddingLayout.Read(name, tensors.ToDictionary(tensor => tensor.Key, tensor => (IReadOnlyList<long>)tensor.Value.shape));
        layout.RequireFits(name, [.. towers.Select(tower => (long)tower.Model.Config.HiddenSize)], towers.Min(tower => tower.Room));
        return new TextualEmbedding(name, layout, [.. layout.Keys.TakeLast(towers.Count).Select(Vectors)]);

        Tensor Vectors(string key)
        {
            if (!tensors[key].is_floating_point())
                throw new ModelLoadException(name, $"key '{key}' is {tensors[key].dtype}, an embedding is of a float type", "use another file");
            var vectors = tensors[key].to(placement.DType, placement.Device).view(layout.Vectors, -1);
            return vectors.isfinite().all().item<bool>()
                ? vectors
                : throw new ModelLoadException(name, $"key '{key}' holds NaN, infinity, or numbers that {placement.DType} has not",
                    "download the file again; where that changes nothing, run the service with Generator:DType float32");
        }
    }
}
