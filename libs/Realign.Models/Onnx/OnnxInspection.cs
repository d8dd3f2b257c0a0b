using Realign.Core.Errors;
using Realign.Grounding.Images;
using Realign.Grounding.Tagging;
using Realign.Onnx.Files;
using Realign.Tokenizers;

namespace Realign.Models.Onnx;

/// <summary>ONNX graphs, told apart by the names of their inputs and outputs and by the files beside them.</summary>
internal static class OnnxInspection
{
    private const string Checked = "operators are checked by ONNX Runtime when the graph is opened, not here";

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
                parts.Add(new PartReport { Name = name, ClassName = "unreadable", Files = [name], Problems = exception.Problems });
            }
        }

        var problems = new List<string>();
        var facts = new List<string>();
        var (kind, description) = Recognise(graphs);
        // a whole folder must be complete; a single graph is looked at alone
        if (path == folder || kind == ModelKind.Tagger)
            Check(kind, folder, graphs, facts, problems);
        facts.Add(Checked);
        return new ModelReport
        {
            Path = path,
            Kind = kind,
            Description = description,
            Facts = facts,
            Parts = parts,
            Problems = problems,
            MemoryBytes = new Dictionary<string, long> { ["as stored"] = graphs.SelectMany(graph => graph.Weights).Aggregate(0L, (sum, weight) => SaturatingAdd(sum, weight.LengthBytes)) },
            Licence = LicenceFile.Find(path),
        };
    }

    private static PartReport Part(string name, OnnxGraphFile graph)
    {
        var floats = graph.Weights.Where(weight => OnnxGraphs.FloatBytes(weight) > 0).ToList();
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
                $"format {graph.IrVersion}, {string.Join(", ", graph.Opsets.Select(set => $"operators {(set.Key.Length > 0 ? set.Key + " " : "")}{set.Value}"))}{(graph.Producer.Length > 0 ? $", written by {graph.Producer}" : "")}, {graph.Nodes} operators",
                $"takes {string.Join(", ", graph.Inputs.Select(input => $"{input.Name} {input}"))}",
                $"gives {string.Join(", ", graph.Outputs.Select(output => $"{output.Name} {output}"))}",
            ],
            Problems = graph.Problems,
        };
    }

    private static (ModelKind Kind, string Description) Recognise(List<OnnxGraphFile> graphs)
    {
        var roles = graphs.Select(OnnxGraphs.Role).OfType<string>().Distinct().ToList();
        return roles switch
        {
            _ when roles.Contains(OnnxGraphs.Dino) => (ModelKind.GroundingDino, "Grounding DINO"),
            _ when roles.Contains(OnnxGraphs.SamEncoder) || roles.Exists(role => role.StartsWith(OnnxGraphs.SamDecoder, StringComparison.Ordinal)) => (ModelKind.Sam, "Segment Anything"),
            [OnnxGraphs.Tagger] => (ModelKind.Tagger, "image tagger (RAM, RAM++ or Tag2Text)"),
            _ => (ModelKind.OnnxGraph, "a graph of no family that is used here"),
        };
    }

    private static void Check(ModelKind kind, string folder, List<OnnxGraphFile> graphs, List<string> facts, List<string> problems)
    {
        switch (kind)
        {
            case ModelKind.GroundingDino:
                _ = Findings.Try(problems, () => BertTokenizer.Load(folder));
                _ = Findings.Try(problems, () => ImageNormalization.Load(folder));
                break;
            case ModelKind.Sam:
                CheckSam(folder, graphs, facts, problems);
                break;
            case ModelKind.Tagger:
                CheckTagger(folder, graphs, facts, problems);
                break;
            default:
                problems.Add("its inputs and outputs are those of no model that is used here: Grounding DINO, Segment Anything, RAM, Tag2Text");
                break;
        }
    }

    private static void CheckSam(string folder, List<OnnxGraphFile> graphs, List<string> facts, List<string> problems)
    {
        var roles = graphs.Select(OnnxGraphs.Role).OfType<string>().ToList();
        if (!roles.Contains(OnnxGraphs.SamEncoder))
            problems.Add("vision_encoder.onnx is missing (pixel_values to image_embeddings)");
        var decoders = roles.FindAll(role => role.StartsWith(OnnxGraphs.SamDecoder, StringComparison.Ordinal));
        if (decoders.Count == 0)
            problems.Add("the mask decoder is missing (prompt_encoder_mask_decoder*.onnx or sam_decoder.onnx)");
        if (decoders.Count > 0 && decoders.TrueForAll(role => role == OnnxGraphs.SamPoints))
            facts.Add("the decoder takes points; whether it also reads the corners of a box is asked when it is loaded");
        _ = Findings.Try(problems, () => ImageNormalization.Load(folder));
    }

    private static void CheckTagger(string folder, List<OnnxGraphFile> graphs, List<string> facts, List<string> problems)
    {
        if (graphs.Count > 1)
            problems.Add($"several graphs are there: name the one to use instead of the folder ({string.Join(", ", graphs.Select(graph => Path.GetFileName(graph.Path)))})");
        if (Findings.Try(problems, () => TagList.Load(folder)) is not { } tags)
            return;
        facts.Add($"{tags.Names.Count} tags, {tags.Deleted.Count} of them not for the detector");
        foreach (var graph in graphs.Where(graph => graphs.Count == 1))
        {
            if (OnnxGraphs.Scores(graph)?.Dimensions[1] is { } classes && classes != tags.Names.Count)
                problems.Add($"the graph has {classes} tags, the tag list {tags.Names.Count}: use the list it was exported with");
        }
    }

    private static long SaturatingAdd(long sum, long value) => sum > long.MaxValue - value ? long.MaxValue : sum + value;
}
