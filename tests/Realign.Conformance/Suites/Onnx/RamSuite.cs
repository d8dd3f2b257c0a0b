using System.Text.Json;
using Realign.Conformance.Runner;
using Realign.Grounding.Images;
using Realign.Grounding.Tagging;
using Realign.Imaging;
using Realign.Onnx;
using Realign.Safetensors;

namespace Realign.Conformance.Suites.Onnx;

/// <summary>RAM, RAM++ and Tag2Text: pre-processing, logits, thresholds, deletions, exports with decisions only.</summary>
public sealed class RamSuite : IConformanceSuite
{
    // onnx/README.md
    private const double LogitTolerance = 1e-4;
    private const double PixelTolerance = 1e-5;
    private const double ScoreTolerance = 1e-5;

    private static readonly Dictionary<string, string> ListFiles = new()
    {
        ["ram"] = "ram_tag_list.txt",
        ["ram_plus"] = "ram_tag_list.txt",
        ["tag2text"] = "tag2text_ori_tag_list.txt",
    };

    public string Folder => "onnx/ram";

    public IEnumerable<ConformanceCase> Cases(string folder)
    {
        var root = OnnxPack.Json(folder, "cases.json");
        foreach (var item in root.GetProperty("cases").EnumerateArray())
        {
            var image = item.Text("image");
            yield return new ConformanceCase($"{image}/pixel_values", context => Pixels(context, folder, item));
            foreach (var model in item.GetProperty("outputs").EnumerateObject())
                yield return new ConformanceCase($"{image}/{model.Name}", context => Model(context, folder, root, item, model.Name, model.Value));
            foreach (var variant in Directory.EnumerateFiles(Path.Combine(folder, "variants"), "*.onnx").Order(StringComparer.Ordinal))
                yield return new ConformanceCase($"{image}/{Path.GetFileName(variant)}", context => Decisions(context, folder, item, variant));
        }

        foreach (var item in root.GetProperty("threshold_cases").EnumerateArray())
            yield return new ConformanceCase($"thresholds/{item.Text("name")}", context => Thresholds(context, root, item));
        yield return new ConformanceCase("batch", context => Batch(context, folder, root));
    }

    private static string Stem(JsonElement item) => Path.GetFileNameWithoutExtension(item.Text("image"));

    private static string[] Lines(string folder, string file)
    {
        var lines = File.ReadAllText(Path.Combine(folder, "model", file)).Split('\n');
        return lines is [.. var most, ""] ? most : lines;
    }

    private static void Pixels(CaseContext context, string folder, JsonElement item)
    {
        using var data = SafetensorsFile.Open(Path.Combine(folder, "cases.safetensors"));
        using var tagger = Open(Path.Combine(folder, "model", "ram.onnx"), TagList.Load(Path.Combine(folder, "model")));
        var image = ImageDecoder.Decode(File.ReadAllBytes(Path.Combine(folder, "images", item.Text("image"))));
        context.EqualSequence("size", item.GetProperty("size_hw").Ints(), [image.Height, image.Width]);
        var expected = data.ReadSingles($"{Stem(item)}.pixel_values");
        var actual = tagger.Preprocess(image);
        var normalization = ImageNormalization.Load(Path.Combine(folder, "model"));
        ResizeOrder.Compare(context, image, (tagger.ImageWidth, tagger.ImageHeight),
            resized => normalization.Apply(resized, tagger.ImageWidth, tagger.ImageHeight), expected, actual, PixelTolerance);
    }

    private static ImageTagger Open(string graph, TagList tags) => ImageTagger.Open(graph, tags, new OnnxModelOptions(), CancellationToken.None);

    private static void Model(CaseContext context, string folder, JsonElement root, JsonElement item, string model, JsonElement expected)
    {
        using var data = SafetensorsFile.Open(Path.Combine(folder, "cases.safetensors"));
        var names = Lines(folder, ListFiles[model]);
        var perClass = model == "tag2text" ? root.GetProperty("tag2text_thresholds").Singles() : TagList.Load(Path.Combine(folder, "model")).Thresholds;
        using var tagger = Open(Path.Combine(folder, "model", $"{model}.onnx"), new TagList(names, perClass, new HashSet<int>()));
        context.True("the graph was taken for one with decisions only", !tagger.GivesDecisionsOnly);
        var logits = tagger.Run(data.ReadSingles($"{Stem(item)}.pixel_values"), CancellationToken.None);
        context.Near("logits", data.ReadSingles($"{Stem(item)}.{model}.logits"), logits, LogitTolerance);

        var chinese = Lines(folder, "ram_tag_list_chinese.txt");
        var delimiter = root.Text("delimiter");
        var deletions = root.GetProperty("delete_tag_index").Ints().ToHashSet();
        foreach (var set in expected.EnumerateObject().Where(set => set.Value.ValueKind == JsonValueKind.Object))
        {
            const string Deleted = "_deleted";
            var name = set.Name.EndsWith(Deleted, StringComparison.Ordinal) ? set.Name[..^Deleted.Length] : set.Name;
            // Tag2Text has no run without its deletions
            var deletes = name != set.Name || model == "tag2text";
            var indices = TagScores.Select(logits, ThresholdsOf(name, perClass), deletes ? deletions : new HashSet<int>());
            context.EqualSequence($"{set.Name} indices", set.Value.GetProperty("indices").Ints(), indices);
            context.Equal($"{set.Name} text", set.Value.Text("text"), string.Join(delimiter, indices.Select(index => names[index])));
            if (set.Value.Maybe("text_chinese") is { } text)
                context.Equal($"{set.Name} text_chinese", text.GetString()!, string.Join(delimiter, indices.Select(index => chinese[index])));
        }

        var top = Enumerable.Range(0, logits.Length).OrderByDescending(index => TagScores.Probability(logits[index])).ToArray();
        foreach (var (entry, rank) in expected.GetProperty("top5").EnumerateArray().Select((entry, rank) => (entry, rank)))
        {
            context.Equal($"top {rank}", (entry[0].GetInt32(), entry[1].GetString()!), (top[rank], names[top[rank]]));
            context.Near($"top {rank}", entry[2].GetDouble(), TagScores.Probability(logits[top[rank]]), ScoreTolerance);
        }
    }

    private static float[] ThresholdsOf(string name, float[] perClass)
    {
        if (name == "per_class")
            return perClass;
        var value = float.Parse(name.AsSpan(name.IndexOf('_', StringComparison.Ordinal) + 1), System.Globalization.CultureInfo.InvariantCulture);
        return [.. Enumerable.Repeat(value, perClass.Length)];
    }

    private static void Decisions(CaseContext context, string folder, JsonElement item, string variant)
    {
        using var data = SafetensorsFile.Open(Path.Combine(folder, "cases.safetensors"));
        using var tagger = Open(variant, TagList.Load(Path.Combine(folder, "model")));
        context.True("the graph was taken for one with logits", tagger.GivesDecisionsOnly);
        context.EqualSequence("targets", data.ReadSingles($"{Stem(item)}.ram.targets"),
            tagger.Run(data.ReadSingles($"{Stem(item)}.pixel_values"), CancellationToken.None));
        var image = ImageDecoder.Decode(File.ReadAllBytes(Path.Combine(folder, "images", item.Text("image"))));
        var tags = tagger.Tag(image, null, includeUngroundable: true, CancellationToken.None);
        context.EqualSequence("indices", item.GetProperty("outputs").GetProperty("ram").GetProperty("per_class").GetProperty("indices").Ints(),
            tags.Select(tag => tag.Index));
        context.True("a decision has a probability", tags.All(tag => tag.Probability is null));
    }

    private static void Thresholds(CaseContext context, JsonElement root, JsonElement item)
    {
        var names = item.GetProperty("tags").Strings();
        context.Near("default threshold", item.GetProperty("default_threshold").GetSingle(), TagList.DefaultThreshold, 0);
        var tags = new TagList(names, item.GetProperty("thresholds_in_file").Singles(), item.GetProperty("delete_tag_index").Ints().ToHashSet());
        var logits = item.GetProperty("logits").Singles();
        var indices = TagScores.Select(logits, tags.Thresholds, tags.Deleted);
        context.EqualSequence("indices", item.GetProperty("indices").Ints(), indices);
        context.Equal("text", item.Text("text"), string.Join(root.Text("delimiter"), indices.Select(index => names[index])));
        var top = item.GetProperty("top2").Ints();
        context.EqualSequence("top2", top, Enumerable.Range(0, logits.Length).OrderByDescending(index => TagScores.Probability(logits[index]))
            .Take(top.Length));
    }

    private static void Batch(CaseContext context, string folder, JsonElement root)
    {
        using var data = SafetensorsFile.Open(Path.Combine(folder, "cases.safetensors"));
        var stems = root.GetProperty("batch_order").Strings().Select(name => Path.GetFileNameWithoutExtension(name)).ToArray();
        foreach (var model in ListFiles.Keys)
        {
            using var graph = OnnxModel.Open(Path.Combine(folder, "model", $"{model}.onnx"));
            var input = graph.Inputs.Single();
            long[] shape = [stems.Length, .. data.Entries[$"{stems[0]}.pixel_values"].Shape.Skip(1)];
            var output = graph.Run(new Dictionary<string, OnnxTensor>
            {
                [input.Name] = OnnxTensor.Create(stems.SelectMany(stem => data.ReadSingles($"{stem}.pixel_values")).ToArray(), shape),
            }, null, CancellationToken.None).Values.Single();
            context.Near(model, [.. stems.SelectMany(stem => data.ReadSingles($"{stem}.{model}.logits"))], output.ToSingles(), LogitTolerance);
        }
    }
}
