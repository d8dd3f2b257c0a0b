using Realign.Core.Errors;
using Realign.Grounding.Colors;
using Realign.Grounding.Images;
using Realign.Grounding.Segmentation;
using Realign.Grounding.Tagging;
using Realign.Onnx;
using Realign.Onnx.Files;
using Realign.Tokenizers;

namespace Realign.Models.Onnx;

/// <summary>ONNX graphs, told apart by the names of their inputs and outputs and by the files beside them.</summary>
internal static class OnnxInspection
{
    /// <summary>A folder with graphs in it or in <c>onnx/</c>; null = it has none.</summary>
    public static ModelReport? TryFolder(string folder)
    {
        var paths = new[] { Path.Combine(folder, "onnx"), folder }.Where(Directory.Exists)
            .SelectMany(place => Directory.EnumerateFiles(place, "*.onnx").Order(StringComparer.Ordinal)).ToList();
        return paths.Count == 0 ? null : Report(folder, folder, paths);
    }

    /// <summary>One graph.</summary>
    public static ModelReport File(string path) => Report(path, Path.GetDirectoryName(Path.GetFullPath(path))!, [path]);

    private static ModelReport Report(string path, string folder, List<string> paths)
    {
        var graphs = new List<OnnxGraphFile>();
        var parts = new List<PartReport>();
        foreach (var file in paths)
        {
            var name = Path.GetFileName(file);
            try
            {
                var graph = OnnxGraphFile.Open(file);
                graphs.Add(graph);
                parts.Add(Part(name, graph));
            }
            catch (ModelLoadException exception)
            {
                parts.Add(new PartReport { Name = name, ClassName = "unreadable", Files = [name] }.With(exception));
            }
        }

        var findings = new Findings();
        var facts = new List<string>();
        var (kind, description) = Recognize(graphs);
        // a tagger may be named by its graph, the others by their folders
        if (graphs.Count > 0 && (path == folder || kind == ModelKind.Tagger))
            Check(kind, folder, graphs, facts, findings);
        else if (kind is ModelKind.GroundingDino or ModelKind.Sam)
        {
            var refusal = new ModelLoadException(path, $"{description} is loaded from its folder, this is one file of it", $"name the folder {folder}");
            findings.Add(refusal, withFileName: false);
        }

        if (findings.Problems.Count == 0 && parts.TrueForAll(part => part.Problems.Count == 0))
            Open(kind, path, findings);
        return new ModelReport
        {
            Path = path,
            Kind = kind,
            Description = description,
            Facts = facts,
            Parts = parts,
            Problems = findings.Problems,
            WaysOut = findings.WaysOut,
            MemoryBytes = new Dictionary<string, long>
            {
                ["as stored"] = graphs.SelectMany(graph => graph.Weights).Aggregate(0L, (sum, weight) =>
                SaturatingAdd(sum, weight.LengthBytes))
            },
            License = LicenseFile.Find(path),
        };
    }

    private static PartReport Part(string name, OnnxGraphFile graph)
    {
        var floats = graph.Weights.Where(weight => OnnxGraphs.FloatBytes(weight) > 0).ToList();
        var operators = string.Join(", ", graph.Opsets.Select(set => $"operators {(set.Key.Length > 0 ? set.Key + " " : "")}{set.Value}"));
        var producer = graph.Producer.Length > 0 ? $", written by {graph.Producer}" : "";
        return new PartReport
        {
            Name = name,
            ClassName = OnnxGraphs.Role(graph) ?? "graph",
            Files = [name, .. graph.Weights.Select(weight => weight.ExternalFile).OfType<string>().Distinct().Order(StringComparer.Ordinal)],
            StoredTypes = [.. floats.Select(weight => weight.TypeName).Distinct().Order(StringComparer.Ordinal)],
            Tensors = graph.Weights.Count,
            Parameters = floats.Aggregate(0L, (sum, weight) => SaturatingAdd(sum, weight.LengthBytes / OnnxGraphs.FloatBytes(weight))),
            Facts =
            [
                $"format {graph.IrVersion}, {operators}{producer}, {graph.Nodes} operators",
                $"takes {string.Join(", ", graph.Inputs.Select(input => $"{input.Name} {input}"))}",
                $"gives {string.Join(", ", graph.Outputs.Select(output => $"{output.Name} {output}"))}",
            ],
            Problems = graph.Problems,
            WaysOut = graph.Problems.Count > 0 ? [OnnxGraphFile.WayOut] : [],
        };
    }

    private static (ModelKind Kind, string Description) Recognize(List<OnnxGraphFile> graphs)
    {
        var roles = graphs.Select(OnnxGraphs.Role).OfType<string>().Distinct().ToList();
        return roles switch
        {
            _ when roles.Contains(OnnxGraphs.Dino) => (ModelKind.GroundingDino, "Grounding DINO"),
            _ when roles.Contains(OnnxGraphs.SamEncoder) || roles.Exists(role => role.StartsWith(OnnxGraphs.SamDecoder, StringComparison.Ordinal)) =>
                (ModelKind.Sam, "Segment Anything"),
            [OnnxGraphs.Tagger] => (ModelKind.Tagger, "image tagger (RAM, RAM++ or Tag2Text)"),
            _ => (ModelKind.OnnxGraph, "a graph of no family that is used here"),
        };
    }

    private static void Check(ModelKind kind, string folder, List<OnnxGraphFile> graphs, List<string> facts, Findings findings)
    {
        switch (kind)
        {
            case ModelKind.GroundingDino:
                _ = findings.Try(() => BertTokenizer.Load(folder));
                _ = findings.Try(() => ImageNormalization.Load(folder));
                break;
            case ModelKind.Sam:
                _ = findings.Try(() => ImageNormalization.Load(folder));
                if (findings.Try(() => ColorTable.Find(folder)) is { } colors)
                    facts.Add($"{colors.Names.Count()} colors of masks: {string.Join(", ", colors.Names)}");
                break;
            case ModelKind.Tagger:
                CheckTagger(folder, graphs, facts, findings);
                break;
            default:
                findings.Add("its inputs and outputs are those of no model that is used here: Grounding DINO, Segment Anything, RAM, Tag2Text");
                break;
        }
    }

    // as the Tagger and the Segmenter do, down to the first run
    private static void Open(ModelKind kind, string path, Findings findings)
    {
        var options = new OnnxModelOptions();
        switch (kind)
        {
            case ModelKind.Tagger:
                findings.TryLoad(() => ImageTagger.Open(path, options, CancellationToken.None));
                break;
            case ModelKind.GroundingDino:
                findings.TryLoad(() => GroundedSegmenter.OpenDetector(path, options, CancellationToken.None));
                break;
            case ModelKind.Sam:
                findings.TryLoad(() => GroundedSegmenter.OpenMaskModel(path, options, CancellationToken.None));
                break;
            default:
                break;
        }
    }

    private static void CheckTagger(string folder, List<OnnxGraphFile> graphs, List<string> facts, Findings findings)
    {
        if (graphs.Count > 1)
            findings.Add($"several graphs are there: name the one to use instead of the folder "
                + $"({string.Join(", ", graphs.Select(graph => Path.GetFileName(graph.Path)))})");
        if (findings.Try(() => TagList.Load(folder)) is not { } tags)
            return;
        facts.Add($"{tags.Names.Count} tags, {tags.Deleted.Count} of them not for the detector");
        foreach (var graph in graphs.Where(graph => graphs.Count == 1))
        {
            if (OnnxGraphs.Scores(graph)?.Dimensions[1] is { } classes && classes != tags.Names.Count)
                findings.Add($"the graph has {classes} tags, the tag list {tags.Names.Count}: use the list it was exported with");
        }
    }

    private static long SaturatingAdd(long sum, long value) => sum > long.MaxValue - value ? long.MaxValue : sum + value;
}
