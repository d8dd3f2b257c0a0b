using Realign.Core.Errors;
using Realign.Diffusion.Offers;
using Realign.Diffusion.Pipelines;

namespace Realign.Diffusion.Adapters;

/// <summary>The adapters on offer for one pipeline: the safetensors files below one folder, by name. Those that were used stay loaded while they fit.</summary>
/// <param name="folder">Their folder; null = none are offered.</param>
/// <param name="memoryBytes">Most memory that loaded adapters take between calls.</param>
/// <remarks>Its errors go to callers: they name adapters, never where the files lie or what else is in them.</remarks>
public sealed class AdapterFolder(string? folder, long memoryBytes = AdapterFolder.DefaultMemoryBytes) : IDisposable
{
    /// <summary>Memory of loaded adapters where nothing else is said.</summary>
    public const long DefaultMemoryBytes = 2L << 30;

    private readonly OfferedFiles _files = new(folder, "adapter", "Generator:Adapters");
    private readonly AdapterCache _cache = new(memoryBytes);
    private readonly AdapterCatalog _catalog = new();
    private readonly Lock _lock = new();
    private AdapterTargets? _targets;

    /// <summary>Memory that loaded adapters take now. On the model's thread.</summary>
    public long LoadedBytes => _cache.Bytes;

    /// <summary>How many files were loaded so far. On the model's thread.</summary>
    public int Loads => _cache.Loads;

    /// <summary>Puts adapters to use in a pipeline, always the same one, until the result is disposed. On the model's thread.</summary>
    /// <param name="choices">Which, and how strong.</param>
    /// <param name="pipeline">The models.</param>
    /// <param name="cancellation">Looked at before each layer.</param>
    /// <exception cref="NotFoundException">There is no such adapter.</exception>
    /// <exception cref="InvalidInputException">The UNet has no such block, or one is named twice.</exception>
    /// <exception cref="ModelLoadException">One is broken or for another architecture; none is attached then.</exception>
    /// <exception cref="OperationCanceledException">The token was set.</exception>
    public AttachedAdapters Attach(IReadOnlyList<AdapterChoice> choices, StableDiffusionPipeline pipeline, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(choices);
        ArgumentNullException.ThrowIfNull(pipeline);
        if (choices.Count == 0)
            return new AttachedAdapters(null, _cache, []);
        try
        {
            var targets = Targets(pipeline);
            CheckBlocks(choices, targets);
            var paths = choices.Select((choice, index) => _files.Find($"adapters[{index}].name", choice.Name)).ToList();
            var needed = paths.ToHashSet(StringComparer.Ordinal);
            var loaded = new List<(AdapterWeights, AdapterStrengths)>();
            for (var i = 0; i < paths.Count; i++)
            {
                _cache.Trim(needed);
                loaded.Add((Load(paths[i], targets, pipeline, cancellation), choices[i].Strengths));
            }

            var set = Combine(loaded, cancellation);
            _cache.Trim(needed);
            return new AttachedAdapters(set.Attach(owned: false), _cache, [.. loaded.SelectMany(item => item.Item1.Embeddings)]);
        }
        catch
        {
            _cache.Trim(new HashSet<string>());
            throw;
        }
    }

    /// <summary>What is on offer. Reads headers only, each once while its file stays as it is. From any thread.</summary>
    /// <param name="pipeline">The models that they must fit.</param>
    /// <param name="cancellation">Looked at before each file.</param>
    public IReadOnlyList<AdapterSummary> List(StableDiffusionPipeline pipeline, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(pipeline);
        return _catalog.Read(_files, Targets(pipeline), cancellation);
    }

    /// <inheritdoc/>
    public void Dispose() => _cache.Dispose();

    private static void CheckBlocks(IReadOnlyList<AdapterChoice> choices, AdapterTargets targets)
    {
        for (var i = 0; i < choices.Count; i++)
        {
            var seen = new HashSet<string>(StringComparer.Ordinal);
            for (var k = 0; k < choices[i].Strengths.Blocks.Count; k++)
            {
                var (field, name) = ($"adapters[{i}].blocks[{k}].block", choices[i].Strengths.Blocks[k].Block);
                var block = BlockNames.Canonical(name);
                if (!targets.Blocks.Contains(block, StringComparer.Ordinal))
                    throw new InvalidInputException(field, name, "the UNet has no such block", $"use one of {string.Join(", ", targets.Blocks)}");
                if (!seen.Add(block))
                    throw new InvalidInputException(field, name, "this block is named twice", "name it once");
            }
        }
    }

    private AdapterTargets Targets(StableDiffusionPipeline pipeline)
    {
        lock (_lock)
            return _targets ??= new AdapterTargets(pipeline.Components);
    }

    private AdapterWeights Load(string path, AdapterTargets targets, StableDiffusionPipeline pipeline, CancellationToken cancellation)
    {
        // opened first: what is no file of the folder is refused unread
        using var file = _files.Open(path);
        var name = _files.FileName(path);
        try
        {
            return _cache.Get(path, FileVersion.Of(path), () => AdapterWeights.Load(file, targets, pipeline.Placement, cancellation));
        }
        catch (ModelLoadException exception)
        {
            throw new ModelLoadException(name, exception.Problems, exception.WayOut, exception);
        }
    }

    private AdapterSet Combine(IReadOnlyList<(AdapterWeights, AdapterStrengths)> loaded, CancellationToken cancellation)
    {
        try
        {
            return _cache.Combine(loaded, cancellation);
        }
        catch (ModelLoadException exception)
        {
            throw new ModelLoadException(_files.FileName(exception.Path), exception.Problems, exception.WayOut, exception);
        }
    }
}
