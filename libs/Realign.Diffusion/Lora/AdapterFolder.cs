using Realign.Core.Errors;
using Realign.Diffusion.Pipelines;

namespace Realign.Diffusion.Lora;

/// <summary>The adapters on offer: the safetensors files of one folder, by name.</summary>
/// <param name="folder">Their folder; null = none are offered.</param>
public sealed class AdapterFolder(string? folder)
{
    private const string Suffix = ".safetensors";

    /// <summary>Loads adapters into a pipeline until the result is disposed. On the model's thread.</summary>
    /// <exception cref="NotFoundException">There is no such adapter.</exception>
    /// <exception cref="ModelLoadException">One is for another architecture; none is attached then.</exception>
    public IDisposable Attach(IReadOnlyList<AdapterChoice> choices, StableDiffusionPipeline pipeline)
    {
        ArgumentNullException.ThrowIfNull(choices);
        ArgumentNullException.ThrowIfNull(pipeline);
        var attached = new Attached();
        try
        {
            foreach (var choice in choices)
            {
                var weights = attached.Keep(LoraWeights.Load(Find(choice.Name), pipeline.Components, pipeline.Placement));
                _ = attached.Keep(weights.Attach(choice.Strength));
            }

            return attached;
        }
        catch
        {
            attached.Dispose();
            throw;
        }
    }

    // compared with what is there, never put into a path
    private string Find(string name)
    {
        var files = folder is null ? [] : Directory.GetFiles(folder, "*" + Suffix).Order(StringComparer.Ordinal).ToArray();
        return Array.Find(files, file => Path.GetFileNameWithoutExtension(file) == name)
            ?? throw new NotFoundException($"there is no adapter '{name}'", files.Length == 0
                ? "this service offers none: put safetensors files into a folder and name it in Generator:Adapters"
                : $"use one of {string.Join(", ", files.Take(20).Select(Path.GetFileNameWithoutExtension))}");
    }

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
