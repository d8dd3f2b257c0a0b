using System.Globalization;
using System.Text.Json;
using Realign.Conformance.Runner;
using Realign.Core.Errors;
using Realign.Core.Images;
using Realign.Grounding.Boxes;
using Realign.Grounding.GroundingDino;
using Realign.Grounding.Images;
using Realign.Imaging;
using Realign.Onnx;
using Realign.Safetensors;
using Realign.Tokenizers;

namespace Realign.Conformance.Suites.Onnx;

/// <summary>Grounding DINO: tokens, phrase blocks, pre-processing, logits and boxes, post-processing, phrase mapping.</summary>
public sealed class GroundingDinoSuite : IConformanceSuite, IDisposable
{
    // onnx/README.md; boxes in pixels scale with the image
    private const double LogitTolerance = 1e-4;
    private const double BoxTolerance = 1e-5;
    private const double PixelTolerance = 1e-5;
    private const double ScoreTolerance = 1e-5;

    private readonly OpenGraphs<GroundingDinoModel> _models = new((folder, graph) =>
        GroundingDinoModel.Open(ModelFolder(folder), Path.Combine(folder, graph), new OnnxModelOptions()));

    public string Folder => "onnx/grounding-dino";

    public IEnumerable<ConformanceCase> Cases(string folder)
    {
        var text = OnnxPack.Json(folder, "text.json");
        var images = OnnxPack.Json(folder, "images.json");
        var runs = OnnxPack.Json(folder, "runs.json");
        foreach (var (item, index) in text.GetProperty("cases").EnumerateArray().Select((item, index) => (item, index)))
            yield return new ConformanceCase($"text/{index}", context => Text(context, folder, item, index));
        yield return new ConformanceCase("text/batch", context => TextBatch(context, folder, text.GetProperty("batch")));
        foreach (var item in images.GetProperty("cases").EnumerateArray())
            yield return new ConformanceCase($"images/{item.Text("image")}", context => Image(context, folder, item));
        yield return new ConformanceCase("images/batch", context => ImageBatch(context, folder, images.GetProperty("batch").Strings()));
        yield return new ConformanceCase("size_rule", context => SizeRule(context, images.GetProperty("size_rule")));
        foreach (var run in runs.GetProperty("runs").EnumerateArray())
            yield return new ConformanceCase($"runs/{run.Text("name")}", context => Run(context, folder, run));
        yield return new ConformanceCase("runs/over_256_tokens", context => TooLong(context, folder, runs.GetProperty("over_256_tokens")));
        yield return new ConformanceCase("runs/long_prompt", context => LongPrompt(context, folder, runs));
    }

    private static string ModelFolder(string folder) => Path.Combine(folder, "model");

    public void Dispose() => _models.Dispose();

    private static HashSet<int> Delimiters(BertTokenizer tokenizer) => [tokenizer.ClsId, tokenizer.SepId, tokenizer.Encode(".")[1], tokenizer.Encode("?")[1]];

    private static void Text(CaseContext context, string folder, JsonElement item, int index)
    {
        using var data = SafetensorsFile.Open(Path.Combine(folder, "text.safetensors"));
        var tokenizer = BertTokenizer.Load(ModelFolder(folder));
        var delimiters = Delimiters(tokenizer);
        var prompt = item.Text("text");
        if (item.Maybe("labels") is { } labels)
            context.Equal("label list", prompt, PhrasePrompt.FromLabels(labels.Strings()));
        else if (item.Text("rule") == "caption rule")
            context.Equal("caption rule keeps it", prompt, PhrasePrompt.FromCaption(prompt));
        var ids = tokenizer.Encode(prompt);
        context.EqualSequence("input_ids", item.GetProperty("input_ids").Ints(), ids);
        context.EqualSequence("tokens", item.GetProperty("tokens").Strings(), ids.Select(tokenizer.Token));
        var spans = PhrasePrompt.Spans(ids, delimiters, ids.Length);
        context.EqualSequence("spans", ReadSpans(item.GetProperty("spans")), spans);
        context.EqualSequence("span_text", item.GetProperty("span_text").Strings(), spans.Select(span => tokenizer.Decode(ids.AsSpan()[span.Start..span.End],
            false)));
        var (positions, mask) = PhrasePrompt.Blocks(ids, delimiters);
        context.EqualSequence("position_ids", item.GetProperty("position_ids").Ints().Select(value => (long)value), positions);
        context.EqualSequence("mask", data.Bytes($"mask_{index}").ToArray(), mask.Select(value => (byte)(value ? 1 : 0)));
    }

    private static IEnumerable<(int, int)> ReadSpans(JsonElement spans) => spans.EnumerateArray().Select(span => (span[0].GetInt32(), span[1].GetInt32()));

    private static void TextBatch(CaseContext context, string folder, JsonElement item)
    {
        using var data = SafetensorsFile.Open(Path.Combine(folder, "text.safetensors"));
        var tokenizer = BertTokenizer.Load(ModelFolder(folder));
        var prefix = item.Text("tensors").TrimEnd('*');
        var rows = item.GetProperty("texts").Strings().Select(tokenizer.Encode).ToArray();
        var longest = rows.Max(row => row.Length);
        int[][] padded = [.. rows.Select(row => (int[])[.. row, .. Enumerable.Repeat(tokenizer.PadId, longest - row.Length)])];
        context.EqualSequence("input_ids", data.ReadInt64s($"{prefix}input_ids"), padded.SelectMany(row => row).Select(id => (long)id));
        context.EqualSequence("attention_mask", data.ReadInt64s($"{prefix}attention_mask"), rows.SelectMany(row => Enumerable.Range(0, longest)
            .Select(i => i < row.Length ? 1L : 0L)));
        var blocks = padded.Select(row => PhrasePrompt.Blocks(row, Delimiters(tokenizer))).ToList();
        context.EqualSequence("position_ids", data.ReadInt64s($"{prefix}position_ids"), blocks.SelectMany(block => block.PositionIds));
        context.EqualSequence("mask", data.Bytes($"{prefix}mask").ToArray(), blocks.SelectMany(block => block.Mask).Select(value => (byte)(value ? 1 : 0)));
    }

    private static RgbImage Read(string folder, string image) => ImageDecoder.Decode(File.ReadAllBytes(Path.Combine(folder, "images", image)));

    private void Image(CaseContext context, string folder, JsonElement item)
    {
        using var data = SafetensorsFile.Open(Path.Combine(folder, "images.safetensors"));
        var model = _models.Get(folder, "model/onnx/model.onnx");
        var image = Read(folder, item.Text("image"));
        context.EqualSequence("size", item.GetProperty("size_hw").Ints(), [image.Height, image.Width]);
        var (pixels, width, height) = model.Preprocess(image);
        context.EqualSequence("resized", item.GetProperty("resized_hw").Ints(), [height, width]);
        var stem = Path.GetFileNameWithoutExtension(item.Text("image"));
        var normalization = ImageNormalization.Load(ModelFolder(folder));
        ResizeOrder.Compare(context, image, (width, height), resized => normalization.Apply(resized, width, height),
            data.ReadSingles($"{stem}.pixel_values"), pixels, PixelTolerance);
        context.EqualSequence("pixel_mask", data.ReadInt64s($"{stem}.pixel_mask"), Enumerable.Repeat(1L, width * height));
    }

    private void ImageBatch(CaseContext context, string folder, string[] names)
    {
        using var data = SafetensorsFile.Open(Path.Combine(folder, "images.safetensors"));
        var model = _models.Get(folder, "model/onnx/model.onnx");
        var normalization = ImageNormalization.Load(ModelFolder(folder));
        var originals = names.Select(name => Read(folder, name)).ToList();
        var images = originals.Select(image =>
        {
            var (width, height) = model.TargetSize(image.Width, image.Height);
            return PillowResize.Resize(image, width, height, PillowFilter.Bilinear);
        }).ToList();
        var (maxWidth, maxHeight) = (images.Max(image => image.Width), images.Max(image => image.Height));
        var expected = data.ReadSingles("batch.pixel_values");
        var plane = 3 * maxWidth * maxHeight;
        context.Equal("pixel_values count", images.Count * plane, expected.Length);
        for (var index = 0; index < images.Count; index++)
        {
            ResizeOrder.Compare(context, originals[index], (images[index].Width, images[index].Height), resized => normalization.Apply(resized, maxWidth,
                maxHeight),
                expected.AsSpan(index * plane, plane), normalization.Apply(images[index], maxWidth, maxHeight), PixelTolerance);
        }

        context.EqualSequence("pixel_mask", data.ReadInt64s("batch.pixel_mask"), images.SelectMany(image =>
            Enumerable.Range(0, maxWidth * maxHeight).Select(i => i % maxWidth < image.Width && i / maxWidth < image.Height ? 1L : 0L)));
    }

    private static void SizeRule(CaseContext context, JsonElement rules)
    {
        foreach (var rule in rules.EnumerateArray())
        {
            var size = rule.GetProperty("in_hw").Ints();
            var (width, height) = SizeRules.ShortestEdge(size[1], size[0], rule.GetProperty("short").GetInt32(), rule.GetProperty("long").GetInt32());
            context.EqualSequence($"{size[0]}x{size[1]} to {rule.GetProperty("short")}/{rule.GetProperty("long")}", rule.GetProperty("out_hw").Ints(),
                [height, width]);
        }
    }

    private void Run(CaseContext context, string folder, JsonElement run)
    {
        using var data = SafetensorsFile.Open(Path.Combine(folder, "runs.safetensors"));
        using var images = SafetensorsFile.Open(Path.Combine(folder, "images.safetensors"));
        var name = run.Text("name");
        var names = run.GetProperty("images").Strings();
        var graphs = new List<string> { run.Text("model") };
        if (run.Maybe("note")?.GetString() is { } note && note.StartsWith("same result from ", StringComparison.Ordinal))
            graphs.Add(note["same result from ".Length..]);
        foreach (var graph in graphs)
        {
            var model = _models.Get(folder, graph);
            var stem = names.Length > 1 ? name : Path.GetFileNameWithoutExtension(names[0]);
            var special = run.Maybe("pixel_values")?.GetString();
            var file = special is not null && data.Entries.ContainsKey(special) ? data : images;
            var pixelKey = special ?? $"{stem}.pixel_values";
            var shape = file.Entries[pixelKey].Shape;
            var mask = special is null ? images.ReadInt64s($"{stem}.pixel_mask") : null;
            var (ids, lengths) = Ids(data, name);
            CheckPrompts(context, model, run, ids, lengths);
            var outputs = model.Run(file.ReadSingles(pixelKey), mask, (int)shape[2], (int)shape[3], ids, lengths, CancellationToken.None);
            context.Near($"logits of {graph}", data.ReadSingles($"{name}.logits"), [.. outputs.SelectMany(output => output.Logits)], LogitTolerance);
            context.Near($"pred_boxes of {graph}", data.ReadSingles($"{name}.pred_boxes"), [.. outputs.SelectMany(output => output.Boxes)], BoxTolerance);
            foreach (var (row, index) in run.GetProperty("rows").EnumerateArray().Select((row, index) => (row, index)))
            {
                var size = run.GetProperty("sizes_hw")[index].Ints();
                Post(context, model, row, outputs[index], ids[index], (size[1], size[0]));
                Mapping(context, data, $"{name}.row{index}", model, row.GetProperty("mapping"), outputs[index], (ids[index], lengths[index]),
                    (size[1], size[0]));
            }
        }
    }

    private static (int[][] Ids, int[] Lengths) Ids(SafetensorsFile data, string name)
    {
        var width = (int)data.Entries[$"{name}.input_ids"].Shape[1];
        int[][] ids = [.. data.ReadInt64s($"{name}.input_ids").Select(id => (int)id).Chunk(width)];
        return (ids, [.. data.ReadInt64s($"{name}.attention_mask").Chunk(width).Select(row => (int)row.Sum())]);
    }

    private static void CheckPrompts(CaseContext context, GroundingDinoModel model, JsonElement run, int[][] ids, int[] lengths)
    {
        foreach (var (text, row) in run.GetProperty("texts").Strings().Select((text, row) => (text, row)))
        {
            var expected = model.Tokenizer.Encode(text);
            context.EqualSequence($"ids of row {row}", expected.Take(lengths[row]), ids[row].Take(lengths[row]));
        }
    }

    private static void Post(CaseContext context, GroundingDinoModel model, JsonElement row, DinoOutput output, int[] ids, (int Width, int Height) size)
    {
        var scores = DinoPostProcessing.Scores(output);
        foreach (var post in row.GetProperty("post").EnumerateArray())
        {
            var what = $"post {post.GetProperty("box_threshold")}/{post.GetProperty("text_threshold")}";
            var kept = Enumerable.Range(0, output.Queries).Where(query => scores[query] > post.GetProperty("box_threshold").GetSingle()).ToArray();
            context.EqualSequence($"{what} query_index", post.GetProperty("query_index").Ints(), kept);
            context.Near($"{what} scores", post.GetProperty("scores").Singles(), Array.ConvertAll(kept, query => scores[query]), ScoreTolerance);
            var boxes = Array.ConvertAll(kept, query => DinoPostProcessing.Box(output, query, size.Width, size.Height));
            context.Near($"{what} boxes", [.. post.GetProperty("boxes_xyxy").EnumerateArray().SelectMany(box => box.Singles())],
                NmsBoxesSuite.Flatten(boxes), BoxTolerance * Math.Max(size.Width, size.Height));
            context.EqualSequence($"{what} labels", post.GetProperty("text_labels").Strings(), kept.Select(query => model.Tokenizer.Decode(
                [.. DinoPostProcessing.LabelColumns(output, query, post.GetProperty("text_threshold").GetSingle()).Where(column => column < ids.Length)
                    .Select(column => ids[column])], false)));
            foreach (var nms in post.GetProperty("nms").EnumerateObject())
            {
                context.EqualSequence($"{what} nms {nms.Name}", nms.Value.Ints(), NonMaximumSuppression.Keep(
                    boxes, Array.ConvertAll(kept, query => scores[query]), double.Parse(nms.Name, CultureInfo.InvariantCulture)));
            }
        }
    }

    private static void Mapping(
        CaseContext context, SafetensorsFile data, string key, GroundingDinoModel model, JsonElement mapping, DinoOutput output, (int[] Ids, int Length) prompt,
            (int Width, int Height) size)
    {
        var spans = PhrasePrompt.Spans(prompt.Ids, model.Delimiters, prompt.Length);
        context.EqualSequence("spans", ReadSpans(mapping.GetProperty("spans")), spans);
        var mean = DinoPostProcessing.SpanMean(output, spans);
        context.Near("span_mean", data.ReadSingles($"{key}.span_mean"), mean, ScoreTolerance);
        context.Near("span_max", data.ReadSingles($"{key}.span_max"), DinoPostProcessing.SpanMaximum(output, spans), ScoreTolerance);
        var scores = DinoPostProcessing.Scores(output);
        var kept = Enumerable.Range(0, output.Queries).Where(query => scores[query] > mapping.GetProperty("box_threshold").GetSingle()).ToArray();
        context.EqualSequence("kept_queries", mapping.GetProperty("kept_queries").Ints(), kept);
        if (spans.Count == 0)
            return;
        float Mean(int query, int phrase) => mean[(query * spans.Count) + phrase];
        var best = kept.Select(query => Enumerable.Range(0, spans.Count).MaxBy(phrase => Mean(query, phrase))).ToArray();
        context.EqualSequence("kept_phrase", mapping.GetProperty("kept_phrase").Ints(), best);
        context.Near("kept_phrase_score", mapping.GetProperty("kept_phrase_score").Singles(), [.. kept.Zip(best, Mean)], ScoreTolerance);
        var queries = Enumerable.Range(0, spans.Count).Select(phrase => Enumerable.Range(0, output.Queries).MaxBy(query => Mean(query, phrase))).ToArray();
        context.EqualSequence("best_query_per_phrase", mapping.GetProperty("best_query_per_phrase").Ints(), queries);
        context.Near("best_score_per_phrase", mapping.GetProperty("best_score_per_phrase").Singles(), [.. queries.Select(Mean)], ScoreTolerance);
        context.Near("best_box_per_phrase", [.. mapping.GetProperty("best_box_per_phrase").EnumerateArray().SelectMany(box => box.Singles())],
            NmsBoxesSuite.Flatten(queries.Select(query => DinoPostProcessing.Box(output, query, size.Width, size.Height))), BoxTolerance * Math.Max(size.Width,
                size.Height));
    }

    private void TooLong(CaseContext context, string folder, JsonElement item)
    {
        var model = _models.Get(folder, "model/onnx/model.onnx");
        context.True("the pack says it is accepted", !item.GetProperty("accepted").GetBoolean());
        int[] ids = [.. Enumerable.Repeat(model.Tokenizer.SepId, model.MaxTextLength + 1)];
        var (width, height) = model.TargetSize(64, 64);
        try
        {
            _ = model.Run(new float[3 * width * height], null, height, width, [ids], [ids.Length], CancellationToken.None);
            context.Fail("the run succeeded");
        }
        catch (InvalidInputException exception)
        {
            context.True("the error has no way out", exception.WayOut.Length > 0);
        }
    }

    private static void LongPrompt(CaseContext context, string folder, JsonElement runs)
    {
        using var data = SafetensorsFile.Open(Path.Combine(folder, "runs.safetensors"));
        var tokenizer = BertTokenizer.Load(ModelFolder(folder));
        var item = runs.GetProperty("long_prompt");
        int[] ids = [.. data.ReadInt64s("long.input_ids_full").Select(id => (int)id)];
        var spans = PhrasePrompt.Spans(ids, Delimiters(tokenizer), ids.Length);
        context.Equal("ids", item.GetProperty("ids").GetInt32(), ids.Length);
        context.Equal("phrases", item.GetProperty("phrases").GetInt32(), spans.Count);
        context.EqualSequence("chunks", item.GetProperty("chunks").Ints(), runs.GetProperty("runs").EnumerateArray()
            .Where(run => run.Maybe("phrases") is not null).Select(run => run.GetProperty("phrases").GetInt32()));
        foreach (var run in runs.GetProperty("runs").EnumerateArray().Where(run => run.Maybe("phrases") is not null))
        {
            var chunk = tokenizer.Encode(run.GetProperty("texts")[0].GetString()!);
            context.EqualSequence($"ids of {run.Text("name")}", data.ReadInt64s($"{run.Text("name")}.input_ids"), chunk.Select(id => (long)id));
        }
    }
}
