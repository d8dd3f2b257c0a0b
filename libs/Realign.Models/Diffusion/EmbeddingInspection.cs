using Realign.Core.Errors;
using Realign.Diffusion.TextualInversion;
using Realign.Safetensors;

namespace Realign.Models.Diffusion;

/// <summary>Files of textual inversion.</summary>
internal static class EmbeddingInspection
{
    // what is longer is no word, whatever it is
    private const long MostVectors = 75;

    /// <summary>Whether a file is a safetensors file with the vectors of a word and nothing else.</summary>
    public static bool IsEmbedding(string path)
    {
        if (!path.EndsWith(".safetensors", StringComparison.OrdinalIgnoreCase))
            return false;
        try
        {
            using var file = SafetensorsFile.Open(path);
            var layout = Layout(file);
            return layout.Vectors <= MostVectors && (layout.Keys.Count > 1 || layout.OwnToken?.Contains('.', StringComparison.Ordinal) != true);
        }
        catch (ModelLoadException)
        {
            return false;
        }
    }

    public static ModelReport Run(string path, IReadOnlyList<string> files)
    {
        var parts = files.Select(Inspect).ToList();
        return new ModelReport
        {
            Path = path,
            Kind = ModelKind.TextualInversion,
            Description = "embedding (textual inversion) of Stable Diffusion",
            Facts = ["a call names it in textual_inversions, its prompts by its name or by the token that the call gives it"],
            Parts = parts,
            MemoryBytes = Findings.TorchMemory(parts),
            License = LicenseFile.Find(path),
        };
    }

    private static PartReport Inspect(string path)
    {
        var part = new PartReport { Name = Path.GetFileName(path), ClassName = "embedding", Files = [Path.GetFileName(path)] };
        try
        {
            using var file = SafetensorsFile.Open(path);
            var findings = new Findings();
            findings.CheckNumbers(file);
            return PartReport.OfFile(file, part.ClassName) with
            {
                Facts = [.. Describe(Layout(file))],
                Problems = findings.Problems,
                WaysOut = findings.WaysOut,
            };
        }
        catch (ModelLoadException exception)
        {
            return part.With(exception);
        }
    }

    private static IEnumerable<string> Describe(EmbeddingLayout layout)
    {
        yield return $"{layout.Vectors} vector(s), for {layout.Family}";
        if (layout.OwnToken is { } token)
            yield return $"calls itself {token}";
    }

    private static EmbeddingLayout Layout(SafetensorsFile file) =>
        EmbeddingLayout.Read(Path.GetFileName(file.Path), file.Entries.ToDictionary(entry => entry.Key, entry => entry.Value.Shape));
}
