using Realign.Core.Errors;
using Realign.Core.Files;
using Realign.Core.Text;
using Realign.Diffusion.Pipelines;
using Realign.Safetensors;

namespace Realign.Diffusion.Lora;

/// <summary>The adapters on offer: the safetensors files of one folder, by name.</summary>
/// <param name="folder">Their folder; null = none are offered.</param>
/// <remarks>Its errors go to callers: they name adapters, never where the files lie or what else is in them.</remarks>
public sealed class AdapterFolder(string? folder)
{
    private const string Suffix = ".safetensors";

    /// <summary>Loads adapters into a pipeline until the result is disposed. On the model's thread.</summary>
    /// <exception cref="NotFoundException">There is no such adapter.</exception>
    /// <exception cref="ModelLoadException">One is broken or for another architecture; none is attached then.</exception>
    public IDisposable Attach(IReadOnlyList<AdapterChoice> choices, StableDiffusionPipeline pipeline)
    {
        ArgumentNullException.ThrowIfNull(choices);
        ArgumentNullException.ThrowIfNull(pipeline);
        var attached = new Attached();
        try
        {
            for (var i = 0; i < choices.Count; i++)
            {
                var weights = attached.Keep(Load(Find($"adapters[{i}].name", choices[i].Name), pipeline));
                _ = attached.Keep(weights.Attach(choices[i].Strength));
            }

            return attached;
        }
        catch
        {
            attached.Dispose();
            throw;
        }
    }

    private LoraWeights Load(string path, StableDiffusionPipeline pipeline)
    {
        var name = Path.GetFileName(path);
        using var file = Open(path, name);
        try
        {
            return LoraWeights.Load(file, pipeline.Components, pipeline.Placement);
        }
        catch (ModelLoadException exception)
        {
            throw new ModelLoadException(name, exception.Problems, exception.WayOut, exception);
        }
    }

    // what does not parse may be anything: none of its bytes are repeated
    private SafetensorsFile Open(string path, string name)
    {
        try
        {
            return FilePlace.IsInside(folder!, path)
                ? SafetensorsFile.Open(path)
                : throw new ModelLoadException(name, "it is a link that leads out of the adapter folder", "put the file itself there");
        }
        catch (ModelLoadException exception) when (exception.Path != name)
        {
            throw new ModelLoadException(name, "it cannot be read as a safetensors file", "run realign models check on it where the service runs", exception);
        }
    }

    // compared with what is there, never put into a path
    private string Find(string field, string name)
    {
        var files = folder is null ? [] : Directory.GetFiles(folder, "*" + Suffix).OrderBy(NameOf, StringComparer.Ordinal).ToArray();
        return Array.Find(files, file => NameOf(file) == name)
            ?? throw new NotFoundException(field, name, "there is no such adapter", files.Length == 0
                ? "this service offers none: put safetensors files into a folder and name it in Generator:Adapters"
                : $"use one of {string.Join(", ", files.Take(20).Select(NameOf))}");
    }

    // some file systems store accents apart from their letters
    private static string NameOf(string file) => CanonicalForm.Compose(Path.GetFileNameWithoutExtension(file));

    /// <summary>Taken off in reverse order.</summary>
    private sealed class Attached : IDisposable
    {
        private readonly Stack<IDisposable> _kept = new();

        public TDisposable Keep<TDisposable>(TDisposable item)
            where TDisposable : IDisposable
        {
            _kept.Push(item);
            return item;
        }

        public void Dispose()
        {
            while (_kept.TryPop(out var item))
                item.Dispose();
        }
    }
}
