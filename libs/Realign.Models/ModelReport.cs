namespace Realign.Models;

/// <summary>What a folder or file is and whether it can be loaded.</summary>
public sealed record ModelReport
{
    /// <summary>The folder or file.</summary>
    public required string Path { get; init; }

    /// <summary>Family.</summary>
    public required ModelKind Kind { get; init; }

    /// <summary>The same in words.</summary>
    public required string Description { get; init; }

    /// <summary>Revision and layout of the format, and other things worth knowing.</summary>
    public IReadOnlyList<string> Facts { get; init; } = [];

    /// <summary>Its weights.</summary>
    public IReadOnlyList<PartReport> Parts { get; init; } = [];

    /// <summary>Problems of the whole: missing files, parts that do not belong together.</summary>
    public IReadOnlyList<string> Problems { get; init; } = [];

    /// <summary>What to do about them.</summary>
    public IReadOnlyList<string> WaysOut { get; init; } = [];

    /// <summary>Bytes that the weights take in memory, by the type they are loaded as; what a computation needs comes on top.</summary>
    public IReadOnlyDictionary<string, long> MemoryBytes { get; init; } = new Dictionary<string, long>();

    /// <summary>Name of the license file, or the license that the model card or the file's own header names; null = none was found.</summary>
    public string? License { get; init; }

    /// <summary>Whether it can be loaded.</summary>
    public bool Fits => Kind != ModelKind.Unknown && Problems.Count == 0 && Parts.All(part => part.Problems.Count == 0);

    /// <summary>The same report with the problems of a refusal.</summary>
    internal ModelReport With(Core.Errors.RealignException failure) => this with { Problems = Findings.ProblemsOf(failure), WaysOut = [failure.WayOut] };
}
