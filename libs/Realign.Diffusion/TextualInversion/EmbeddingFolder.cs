using Realign.Core.Errors;
using Realign.Core.Files;
using Realign.Core.Text;
using Realign.Diffusion.Pipelines;
using Realign.Safetensors;
using Realign.Torch;
using static TorchSharp.torch;

namespace Realign.Diffusion.TextualInversion;

/// <summary>The embeddings on offer: the safetensors files of a folder and of those in it, by their names from there.</summary>
/// <param name="folder">Their folder; null = none are offered.</param>
/// <remarks>Its errors go to callers: they name embeddings, never where the files lie or what else is in them.</remarks>
public sealed class EmbeddingFolder(string? folder)
{
    private const string Suffix = ".safetensors";

    private static readonly EnumerationOptions Search = new() { RecurseSubdirectories = true, MaxRecursionDepth = 4 };

    /// <summary>Reads embeddings for the prompts of a call. The caller's dispose scope owns their tensors.</summary>
    /// <param name="choices">Names and tokens.</param>
    /// <param name="pipeline">Whose text encoders read them.</param>
    /// <returns>Null = none are wanted.</returns>
    /// <exception cref="NotFoundException">There is no such embedding.</exception>
    /// <exception cref="ModelLoadException">One is broken, a pickle, or for another architecture.</exception>
    /// <exception cref="InvalidInputException">A token is taken, or a word of the model.</exception>
    public PromptEmbeddings? Load(IReadOnlyList<TextualInversionChoice> choices, StableDiffusionPipeline pipeline)
    {
        ArgumentNullException.ThrowIfNull(choices);
        ArgumentNullException.ThrowIfNull(pipeline);
        return choices.Count == 0 ? null : new PromptEmbeddings([.. choices.Select((choice, index) =>
            (choice.Token, Read(Find($"textual_inversions[{index}].name", choice.Name), choice.Name, pipeline)))], pipeline.Prompts.Towers);
    }

    private TextualEmbedding Read(string path, string name, StableDiffusionPipeline pipeline)
    {
        using var file = Open(path, name);
        var tensors = new Dictionary<string, Tensor>(StringComparer.Ordinal);
        try
        {
            // the header is enough to refuse what is large
            EmbeddingLayout.Read(name, file.Entries.ToDictionary(entry => entry.Key, entry => entry.Value.Shape))
                .RequireFits(name, [.. pipeline.Prompts.Towers.Select(tower => (long)tower.Model.Config.HiddenSize)], pipeline.Prompts.Tower.Room);
            foreach (var (key, entry) in file.Entries)
            {
                if (entry.DType is not (SafetensorsDType.F32 or SafetensorsDType.F16 or SafetensorsDType.BF16 or SafetensorsDType.F64))
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

    // what does not parse may be anything: none of its bytes are repeated
    private SafetensorsFile Open(string path, string name)
    {
        if (FileMistakes.IsPickleName(path))
        {
            throw new ModelLoadException(Path.GetFileName(path), "it is a pickle: it runs code when loaded and is refused",
                "convert it to .safetensors, keeping the tensor (emb_params, or clip_l and clip_g), where you trust its publisher");
        }

        try
        {
            return FilePlace.IsInside(folder!, path)
                ? SafetensorsFile.Open(path)
                : throw new ModelLoadException(name, "it is a link that leads out of the embedding folder", "put the file itself there");
        }
        catch (ModelLoadException exception) when (exception.Path != name)
        {
            throw new ModelLoadException(name, "it cannot be read as a safetensors file", "run realign models check on it where the service runs", exception);
        }
    }

    // compared with what is there, never put into a path
    private string Find(string field, string name)
    {
        var files = folder is null ? [] : Directory.GetFiles(folder, "*", Search).Where(file => IsOffered(file) || FileMistakes.IsPickleName(file))
            .OrderByDescending(IsOffered).ThenBy(NameOf, StringComparer.Ordinal).ToArray();
        return Array.Find(files, file => NameOf(file) == name)
            ?? throw new NotFoundException(field, name, "there is no such embedding", !files.Any(IsOffered)
                ? "this service offers none: put safetensors files into a folder and name it in Generator:Embeddings"
                : $"use one of {string.Join(", ", files.Where(IsOffered).Take(20).Select(NameOf))}");
    }

    private static bool IsOffered(string file) => file.EndsWith(Suffix, StringComparison.Ordinal);

    // some file systems store accents apart from their letters
    private string NameOf(string file) => CanonicalForm.Compose(Path.ChangeExtension(Path.GetRelativePath(folder!, file), null).Replace('\\', '/'));
}
