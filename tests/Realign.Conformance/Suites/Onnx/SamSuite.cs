using System.Text.Json;
using Realign.Conformance.Runner;
using Realign.Core.Images;
using Realign.Grounding.Images;
using Realign.Grounding.Sam;
using Realign.Imaging;
using Realign.Onnx;
using Realign.Safetensors;

namespace Realign.Conformance.Suites.Onnx;

/// <summary>SAM in its export styles: pre-processing, embeddings, prompts, masks at the image's size.</summary>
public sealed class SamSuite : IConformanceSuite, IDisposable
{
    // onnx/README.md
    private const double PixelTolerance = 1e-5;
    private const double EmbeddingTolerance = 2e-5;
    private const double IouTolerance = 1e-5;
    private const double LogitTolerance = 2e-4;
    private const double DifferingPixels = 0.0002;

    private readonly OpenGraphs<SamModel> _models = new((folder, decoder) => SamModel.Open(
        ModelFolder(folder), Path.Combine(folder, "model", "onnx", "vision_encoder.onnx"), Path.Combine(folder, decoder), new OnnxModelOptions()));

    private readonly OpenGraphs<OnnxModel> _graphs = new((folder, graph) => OnnxModel.Open(Path.Combine(folder, graph)));

    public string Folder => "onnx/sam";

    public IEnumerable<ConformanceCase> Cases(string folder)
    {
        var images = OnnxPack.Json(folder, "images.json");
        var root = OnnxPack.Json(folder, "cases.json");
        foreach (var item in images.GetProperty("cases").EnumerateArray())
            yield return new ConformanceCase($"images/{item.Text("image")}", context => Image(context, folder, item));
        yield return new ConformanceCase("size_rule", context => SizeRule(context, images.GetProperty("size_rule")));
        foreach (var item in root.GetProperty("cases").EnumerateArray())
            yield return new ConformanceCase(item.Text("name"), context => Prompt(context, folder, root, item));
        yield return new ConformanceCase("labels23_on_points_graph", context => Corners(context, folder, root.GetProperty("labels23_on_points_graph")));
        var official = root.GetProperty("official_decoder");
        foreach (var item in official.GetProperty("cases").EnumerateArray())
        {
            yield return new ConformanceCase($"official/{item.Text("name")}", context => Official(context, folder, official, item));
            yield return new ConformanceCase($"official_single/{item.Text("name")}", context => Single(context, folder, official, item));
        }
    }

    private static string ModelFolder(string folder) => Path.Combine(folder, "model");

    public void Dispose()
    {
        _models.Dispose();
        _graphs.Dispose();
    }

    private static RgbImage Read(string folder, JsonElement item) => ImageDecoder.Decode(File.ReadAllBytes(Path.Combine(folder, "images", item.Text("image"))));

    private static string Stem(JsonElement item) => Path.GetFileNameWithoutExtension(item.Text("image"));

    private void Image(CaseContext context, string folder, JsonElement item)
    {
        using var pixels = SafetensorsFile.Open(Path.Combine(folder, "images.safetensors"));
        using var embeddings = SafetensorsFile.Open(Path.Combine(folder, "embeddings.safetensors"));
        var model = _models.Get(folder, "model/onnx/prompt_encoder_mask_decoder.onnx");
        var image = Read(folder, item);
        context.EqualSequence("original", item.GetProperty("original_size_hw").Ints(), [image.Height, image.Width]);
        var (values, width, height) = model.Preprocess(image);
        context.EqualSequence("reshaped", item.GetProperty("reshaped_input_size_hw").Ints(), [height, width]);
        var normalization = ImageNormalization.Load(ModelFolder(folder));
        ResizeOrder.Compare(context, image, (width, height), resized => normalization.Apply(resized, model.ImageSize, model.ImageSize),
            pixels.ReadSingles($"{Stem(item)}.pixel_values"), values, PixelTolerance);
        var encoder = _graphs.Get(folder, "model/onnx/vision_encoder.onnx");
        var outputs = encoder.Run(new Dictionary<string, OnnxTensor> { ["pixel_values"] = OnnxPack.Tensor(pixels, $"{Stem(item)}.pixel_values") }, null,
            CancellationToken.None);
        context.Near("image_embeddings", embeddings.ReadSingles($"{Stem(item)}.image_embeddings"), outputs["image_embeddings"].ToSingles(), EmbeddingTolerance);
        context.Near("image_positional_embeddings", embeddings.ReadSingles("image_positional_embeddings"), outputs["image_positional_embeddings"].ToSingles(),
            EmbeddingTolerance);
    }

    private static void SizeRule(CaseContext context, JsonElement rules)
    {
        foreach (var rule in rules.EnumerateArray())
        {
            var size = rule.GetProperty("in_hw").Ints();
            var (width, height) = SizeRules.LongestEdge(size[1], size[0], rule.GetProperty("longest_edge").GetInt32());
            context.EqualSequence($"{size[0]}x{size[1]} to {rule.GetProperty("longest_edge")}", rule.GetProperty("out_hw").Ints(), [height, width]);
        }
    }

    private static List<SamPrompt> Prompts(JsonElement item)
    {
        var boxes = item.Maybe("boxes_xyxy")?.EnumerateArray().Select(box => box.Singles()).Select(box => new BoundingBox(box[0], box[1], box[2], box[3]))
            .ToList();
        var points = item.Maybe("points")?.EnumerateArray().Select(group => group.EnumerateArray().Select(point => point.Singles()).Select(point =>
            (point[0], point[1])).ToList()).ToList();
        var labels = item.Maybe("labels")?.EnumerateArray().Select(group => group.Ints()).ToList();
        return [.. Enumerable.Range(0, boxes?.Count ?? points!.Count).Select(index =>
            new SamPrompt(points?[index] ?? [], labels?[index] ?? [], boxes is null ? null : boxes[index]))];
    }

    private void Prompt(CaseContext context, string folder, JsonElement root, JsonElement item)
    {
        using var data = SafetensorsFile.Open(Path.Combine(folder, "cases.safetensors"));
        var model = _models.Get(folder, item.Text("decoder"));
        var image = Read(folder, item);
        var name = item.Text("name");
        var results = model.Run(image, Prompts(item), CancellationToken.None);
        context.Near("iou_scores", data.ReadSingles($"{name}.iou_scores"), [.. results.SelectMany(result => result.IouScores)], IouTolerance);
        context.Near("pred_masks", data.ReadSingles($"{name}.pred_masks"), [.. results.SelectMany(result => result.LowLogits)], LogitTolerance);
        context.EqualSequence("best_index", item.GetProperty("best_index").Ints(), results.Select(result => result.BestIndex));
        var masks = results.Select(result => model.BestMask(result, image.Width, image.Height)).ToList();
        ComparePixels(context, "best_masks", data.Bytes($"{name}.best_masks").ToArray(), [.. masks.SelectMany(mask => mask.Cells)]);
        foreach (var (expected, index) in item.GetProperty("area_of_best").Ints().Select((area, index) => (area, index)))
            context.Near($"area {index}", expected, masks[index].Area, Math.Ceiling(DifferingPixels * image.Width * image.Height));
        if (data.Entries.ContainsKey($"{name}.best_mask_logits"))
        {
            context.Near("best_mask_logits", data.ReadSingles($"{name}.best_mask_logits"),
                model.FullLogits(results[0], results[0].BestIndex, image.Width, image.Height), LogitTolerance);
        }

        Stability(context, root, item, model, results, image);
    }

    private static void Stability(CaseContext context, JsonElement root, JsonElement item, SamModel model, IReadOnlyList<SamResult> results, RgbImage image)
    {
        var offset = root.GetProperty("stability_offset").GetSingle();
        for (var prompt = 0; prompt < results.Count; prompt++)
        {
            for (var index = 0; index < results[prompt].IouScores.Length; index++)
            {
                var low = results[prompt].Low(index);
                Check($"stability_of_low_res[{prompt}][{index}]", item.GetProperty("stability_of_low_res")[prompt][index], SamMasks.Stability(low, offset),
                    low);
                if (item.Maybe("stability_of_full_size") is not { } full)
                    continue;
                var logits = model.FullLogits(results[prompt], index, image.Width, image.Height);
                Check($"stability_of_full_size[{prompt}][{index}]", full[prompt][index], SamMasks.Stability(logits, offset), logits);
            }
        }

        // a pixel within the logit tolerance of a threshold may fall on either side: each changes the ratio by at most 2 / denominator
        void Check(string what, JsonElement expected, double? actual, ReadOnlySpan<float> logits)
        {
            var (borderline, denominator) = (0, 0);
            foreach (var logit in logits)
            {
                borderline += Math.Abs(Math.Abs(logit) - offset) <= LogitTolerance ? 1 : 0;
                denominator += logit > -offset ? 1 : 0;
            }

            if (expected.ValueKind == JsonValueKind.Null || actual is null)
                context.True(what, (expected.ValueKind == JsonValueKind.Null) == (actual is null));
            else
                context.Near(what, expected.GetDouble(), actual.Value, 1e-12 + (2.0 * borderline / Math.Max(1, denominator)));
        }
    }

    private static void ComparePixels(CaseContext context, string what, byte[] expected, byte[] actual)
    {
        context.Equal($"{what} pixels", expected.Length, actual.Length);
        var differing = expected.Zip(actual).Count(pair => pair.First != pair.Second);
        context.Near($"{what}: share of differing pixels", (double)differing / expected.Length, DifferingPixels);
    }

    private void Corners(CaseContext context, string folder, JsonElement item)
    {
        using var data = SafetensorsFile.Open(Path.Combine(folder, "cases.safetensors"));
        using var embeddings = SafetensorsFile.Open(Path.Combine(folder, "embeddings.safetensors"));
        const string decoder = "model/onnx/prompt_encoder_mask_decoder.onnx";
        context.Equal("decoder", SamDecoderKind.Points, _models.Get(folder, decoder).DecoderKind);
        var source = item.Text("input_points_from").Split(' ')[0];
        var image = source[..source.IndexOf('_', StringComparison.Ordinal)];
        var graph = _graphs.Get(folder, decoder);
        var outputs = graph.Run(new Dictionary<string, OnnxTensor>
        {
            ["input_points"] = OnnxTensor.Create(data.ReadSingles(source), 1, 1, 2, 2),
            ["input_labels"] = OnnxTensor.Create(item.GetProperty("input_labels")[0][0].Ints().Select(label => (long)label).ToArray(), 1, 1, 2),
            ["image_embeddings"] = OnnxPack.Tensor(embeddings, $"{image}.image_embeddings"),
            ["image_positional_embeddings"] = OnnxPack.Tensor(embeddings, "image_positional_embeddings"),
        }, null, CancellationToken.None);
        context.Near("iou_scores", data.ReadSingles("labels23_on_points_graph.iou_scores"), outputs["iou_scores"].ToSingles(), IouTolerance);
        context.Near("pred_masks", data.ReadSingles("labels23_on_points_graph.pred_masks"), outputs["pred_masks"].ToSingles(), LogitTolerance);
        var boxes = data.ReadSingles($"{source[..source.IndexOf('.', StringComparison.Ordinal)]}.pred_masks");
        var difference = CaseContext.Largest(boxes, outputs["pred_masks"].ToSingles());
        context.Near("difference to the box decoder", item.GetProperty("max_abs_difference_to_box_decoder").GetDouble(), difference, 2 * LogitTolerance);
    }

    private static (Dictionary<string, OnnxTensor> Inputs, SafetensorsFile Data) OfficialInputs(string folder, JsonElement official, JsonElement item,
        OnnxModel graph)
    {
        var data = SafetensorsFile.Open(Path.Combine(folder, "official.safetensors"));
        using var embeddings = SafetensorsFile.Open(Path.Combine(folder, "embeddings.safetensors"));
        var inputs = new Dictionary<string, OnnxTensor>();
        foreach (var input in official.GetProperty("inputs").Strings())
        {
            var key = $"{item.Text("name")}.{input}";
            inputs[input] = input == "image_embeddings" ? OnnxPack.Tensor(embeddings, item.Text("image_embeddings").Split(' ')[0])
                : data.Entries.ContainsKey(key) ? OnnxPack.Tensor(data, key)
                : Zeros([.. graph.Input(input).Dimensions.Select(size => size!.Value)]);
        }

        return (inputs, data);
    }

    private static OnnxTensor Zeros(long[] shape) => OnnxTensor.Create(new float[shape.Aggregate(1L, (a, b) => a * b)], shape);

    private void Official(CaseContext context, string folder, JsonElement official, JsonElement item)
    {
        var graph = _graphs.Get(folder, official.Text("file"));
        var (inputs, data) = OfficialInputs(folder, official, item, graph);
        using var file = data;
        var name = item.Text("name");
        var outputs = graph.Run(inputs, null, CancellationToken.None);
        context.Near("iou_predictions", file.ReadSingles($"{name}.iou_predictions"), outputs["iou_predictions"].ToSingles(), IouTolerance);
        context.Near("low_res_masks", file.ReadSingles($"{name}.low_res_masks"), outputs["low_res_masks"].ToSingles(), LogitTolerance);
        if (file.Entries.ContainsKey($"{name}.mask_logits"))
            context.Near("mask_logits", file.ReadSingles($"{name}.mask_logits"), outputs["masks"].ToSingles(), LogitTolerance);

        // the same through our own prompt handling, unless the case feeds an earlier mask
        if (item.GetProperty("has_mask_input").GetBoolean())
        {
            var best = 1 + SamMasks.Best(outputs["iou_predictions"].ToSingles().AsSpan(1));
            context.Equal("best_of_1_2_3", item.GetProperty("best_of_1_2_3").GetInt32(), best);
            var mask = file.Bytes($"{name}.best_mask").ToArray();
            ComparePixels(context, "best_mask", mask, [.. outputs["masks"].ToSingles().AsSpan(best * mask.Length, mask.Length).ToArray().Select(logit =>
                (byte)(logit > 0 ? 1 : 0))]);
            return;
        }

        var model = _models.Get(folder, official.Text("file"));
        context.Equal("decoder", SamDecoderKind.Official, model.DecoderKind);
        var image = Read(folder, item);
        var result = model.Run(image, [OfficialPrompt(item)], CancellationToken.None)[0];
        context.Near("iou_predictions of the prompt", file.ReadSingles($"{name}.iou_predictions"), result.IouScores, IouTolerance);
        context.Equal("best_of_1_2_3", item.GetProperty("best_of_1_2_3").GetInt32(), result.BestIndex);
        ComparePixels(context, "best_mask", file.Bytes($"{name}.best_mask").ToArray(), model.BestMask(result, image.Width, image.Height).Cells);
    }

    private static SamPrompt OfficialPrompt(JsonElement item)
    {
        var points = item.GetProperty("points_original").EnumerateArray().Select(point => point.Singles()).Zip(item.GetProperty("labels").Ints()).ToList();
        var corners = points.Where(point => point.Second is 2 or 3).OrderBy(point => point.Second).Select(point => point.First).ToList();
        var plain = points.Where(point => point.Second is 0 or 1).ToList();
        return new SamPrompt([.. plain.Select(point => (point.First[0], point.First[1]))], [.. plain.Select(point => point.Second)],
            corners.Count == 2 ? new BoundingBox(corners[0][0], corners[0][1], corners[1][0], corners[1][1]) : null);
    }

    private void Single(CaseContext context, string folder, JsonElement official, JsonElement item)
    {
        var graph = _graphs.Get(folder, official.Text("single_mask_file"));
        var (inputs, data) = OfficialInputs(folder, official, item, graph);
        using var file = data;
        var name = item.Text("name");
        var outputs = graph.Run(inputs, null, CancellationToken.None);
        context.Near("iou_predictions", file.ReadSingles($"{name}.single.iou_predictions"), outputs["iou_predictions"].ToSingles(), IouTolerance);
        var plane = outputs["low_res_masks"].Count;
        var expected = file.ReadSingles($"{name}.low_res_masks").AsSpan(item.GetProperty("single_mask_equals").GetInt32() * plane, plane);
        context.Near("low_res_masks", expected, outputs["low_res_masks"].ToSingles(), LogitTolerance);
    }
}
