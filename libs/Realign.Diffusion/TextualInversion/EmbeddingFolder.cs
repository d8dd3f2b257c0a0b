using Realign.Core.Errors;
using Realign.Diffusion.Adapters;
using Realign.Diffusion.Offers;
using Realign.Diffusion.Pipelines;
using Realign.Safetensors;
using Realign.Torch;
using static TorchSharp.torch;

namespace Realign.Diffusion.TextualInversion;

/// <summary>The embeddings on offer: the safetensors files below a folder, by name.</summary>
/// <param name="folder">Their folder; null = none are offered.</param>
/// <remarks>Its errors go to callers: they name embeddings, never where the files lie or what else is in them.</remarks>
public sealed class EmbeddingFolder(string? folder)
{
    private readonly OfferedFiles _files = new(folder, "embedding", "Generator:Embeddings");

    /// <summary>Reads embeddings for the prompts of a call. The caller's dispose scope owns their tensors.</summary>
    /// <param name="choices">Names and tokens.</param>
    /// <param name="bundled">Embeddings that the adapters of the call bring, under their own names.</param>
    /// <param name="pipeline">Whose text encoders read them.</param>
    /// <returns>Null = there are none.</returns>
    /// <exception cref="NotFoundException">There is no such embedding.</exception>
    /// <exception cref="ModelLoadException">One is broken, a pickle, or for another architecture.</exception>
    /// <exception cref="InvalidInputException">A token is taken, or a word of the model.</exception>
    public PromptEmbeddings? Load(
        IReadOnlyList<TextualInversionChoice> choices, IReadOnlyList<BundledEmbedding> bundled, StableDiffusionPipeline pipeline)
    {
        ArgumentNullException.ThrowIfNull(choices);
        ArgumentNullException.ThrowIfNull(bundled);
        ArgumentNullException.ThrowIfNull(pipeline);
        List<PromptEmbedding> embeddings =
        [
            .. bundled.Select(embedding => new PromptEmbedding("adapters", embedding.Name, Of(embedding, pipeline)) { IsBundled = true }),
            .. choices.Select((choice, index) => new PromptEmbedding($"textual_inversions[{index}]", choice.Token,
                Read(_files.Find($"textual_inversions[{index}].name", choice.Name), choice.Name, pipeline))),
        ];
        return embeddings.Count == 0 ? null : new PromptEmbeddings(embeddings, pipeline.Prompts.Towers);
    }

    private static TextualEmbedding Of(BundledEmbedding bundled, StableDiffusionPipeline pipeline)
    {
        var tensors = bundled.Tensors.ToDictionary(item => item.Key, item => tensor([.. item.Value.Values], [item.Value.Count, item.Value.Width]));
        return TextualEmbedding.Create(bundled.Name, tensors, pipeline.Prompts.Towers, pipeline.Placement);
    }

    private TextualEmbedding Read(string path, string name, StableDiffusionPipeline pipeline)
    {
        using var file = _files.Open(path);
        var tensors = new Dictionary<string, Tensor>(StringComparer.Ordinal);
        try
        {
            // the header is enough to refuse what is large
            EmbeddingLayout.Read(name, file.Entries.ToDictionary(entry => entry.Key, entry => entry.Value.Shape))
                .RequireFits(name, [.. pipeline.Prompts.Towers.Select(tower => (long)tower.Model.Config.HiddenSize)], pipeline.Prompts.Tower.Room);
            foreach (var (key, entry) in file.Entries)
            {
                if (!entry.DType.IsFloat())
                {
                    throw new ModelLoadException(name, $"key '{key}' is {entry.DType.HeaderName()}, embeddings are F32, F16, BF16 or F64",
                        "convert the tensor");
                }

                if (file.FindNonFinite(key) is { } problem)
                    throw new ModelLoadException(name, problem, SafetensorsFile.NonFiniteWayOut);
                tensors.Add(key, TensorConvert.Read(file, key));
            }

            file.RequireUnchanged();
        }
        catch (ModelLoadException exception) when (exception.Path != name)
        {
            throw new ModelLoadException(name, exception.Problems, exception.WayOut, exception);
        }

        return TextualEmbedding.Create(name, tensors, pipeline.Prompts.Towers, pipeline.Placement);
    }
}
