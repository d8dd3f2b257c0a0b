using Realign.Safetensors;

namespace Realign.Models;

/// <summary>One set of weights: a module of a snapshot in one of its variants, a graph, or a file.</summary>
public sealed record PartReport
{
    /// <summary>What its folder or file is called, e.g. <c>unet</c>.</summary>
    public required string Name { get; init; }

    /// <summary>Class or form, e.g. <c>UNet2DConditionModel</c>.</summary>
    public required string ClassName { get; init; }

    /// <summary>Variant in the file names, e.g. <c>fp16</c>; null = the plain files.</summary>
    public string? Variant { get; init; }

    /// <summary>Files the weights are in.</summary>
    public IReadOnlyList<string> Files { get; init; } = [];

    /// <summary>Element types as stored.</summary>
    public IReadOnlyList<string> StoredTypes { get; init; } = [];

    /// <summary>Tensors in the files.</summary>
    public int Tensors { get; init; }

    /// <summary>Numbers in all tensors that the structure needs; 0 = unknown because the config cannot be used.</summary>
    public long Parameters { get; init; }

    /// <summary>Whether it computes in float32 even when the service is set to float16, because its values overflow.</summary>
    public bool StaysFloat32 { get; init; }

    /// <summary>Which of the spellings in circulation this is, and other things worth knowing.</summary>
    public IReadOnlyList<string> Facts { get; init; } = [];

    /// <summary>Everything that keeps it from being loaded; empty = it fits.</summary>
    public IReadOnlyList<string> Problems { get; init; } = [];

    /// <summary>What to do about them.</summary>
    public IReadOnlyList<string> WaysOut { get; init; } = [];

    /// <summary>The part that a file by itself is.</summary>
    internal static PartReport OfFile(SafetensorsFile file, string className) => new()
    {
        Name = Path.GetFileName(file.Path),
        ClassName = className,
        Files = [Path.GetFileName(file.Path)],
        StoredTypes = [.. file.Entries.Values.Select(entry => entry.DType.HeaderName()).Distinct().Order(StringComparer.Ordinal)],
        Tensors = file.Entries.Count,
        Parameters = file.Entries.Values.Sum(entry => entry.Count),
    };

    /// <summary>The same part with the problems of a refusal.</summary>
    internal PartReport With(Core.Errors.RealignException failure) => this with { Problems = Findings.ProblemsOf(failure), WaysOut = [failure.WayOut] };
}
