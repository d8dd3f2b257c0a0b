using System.Text.Json;
using Realign.Conformance.Runner;
using Realign.Core.Images;
using Realign.Grounding.Boxes;
using Realign.Grounding.Masks;
using Realign.Safetensors;

namespace Realign.Conformance.Suites.Onnx;

/// <summary>Boxes, IoU, NMS, masks, run lengths and down-sampling.</summary>
public sealed class NmsBoxesSuite : IConformanceSuite
{
    // onnx/README.md: 1e-6 for everything in this folder
    private const double Tolerance = 1e-6;

    public string Folder => "onnx/nms-boxes";

    public IEnumerable<ConformanceCase> Cases(string folder)
    {
        var root = OnnxPack.Json(folder, "cases.json");
        var data = Path.Combine(folder, "data.safetensors");
        yield return new ConformanceCase("boxes", context => Boxes(context, data, root.GetProperty("boxes")));
        yield return new ConformanceCase("degenerate_iou", context => Degenerate(context, root.GetProperty("degenerate_iou")));
        foreach (var item in root.GetProperty("nms").EnumerateArray())
            yield return new ConformanceCase($"nms/{item.Text("name")}", context => Nms(context, item));
        foreach (var item in root.GetProperty("masks").EnumerateArray())
            yield return new ConformanceCase($"masks/{item.Text("name")}", context => Mask(context, data, item));
        yield return new ConformanceCase("mask_iou", context => MaskIou(context, data, root.GetProperty("mask_iou")));
        foreach (var item in root.GetProperty("downsampling").GetProperty("cases").EnumerateArray())
            yield return new ConformanceCase($"downsampling/{item.Text("mask")}.{item.GetProperty("grid").GetInt32()}", context =>
                Downsampling(context, data, item));
        yield return new ConformanceCase("union", context => Union(context, data, root.GetProperty("union")));
        yield return new ConformanceCase("overlap_owner", context => Owner(context, data, root.GetProperty("overlap_owner")));
    }

    internal static BoundingBox[] ReadBoxes(float[] values) =>
        [.. values.Chunk(4).Select(box => new BoundingBox(box[0], box[1], box[2], box[3]))];

    internal static float[] Flatten(IEnumerable<BoundingBox> boxes) => [.. boxes.SelectMany(box => new[] { box.X0, box.Y0, box.X1, box.Y1 })];

    private static void Boxes(CaseContext context, string data, JsonElement item)
    {
        using var file = SafetensorsFile.Open(data);
        var (width, height) = (item.GetProperty("image_wh")[0].GetSingle(), item.GetProperty("image_wh")[1].GetSingle());
        var boxes = file.ReadSingles("cxcywh").Chunk(4).Select(box => BoxGeometry.FromCenter(box[0], box[1], box[2], box[3])).ToArray();
        context.Near("xyxy", file.ReadSingles("xyxy"), Flatten(boxes), Tolerance);
        var pixels = Array.ConvertAll(ReadBoxes(file.ReadSingles("xyxy")), box => BoxGeometry.Scale(box, width, height));
        context.Near("xyxy_pixels", file.ReadSingles("xyxy_pixels"), Flatten(pixels), Tolerance);
        var clipped = Array.ConvertAll(pixels, box => BoxGeometry.Clip(box, width, height));
        context.Near("xyxy_clipped", file.ReadSingles("xyxy_clipped"), Flatten(clipped), Tolerance);
        context.Near("back_cxcywh", file.ReadSingles("back_cxcywh"), [.. ReadBoxes(file.ReadSingles("xyxy")).SelectMany(box =>
        {
            var (x, y, w, h) = BoxGeometry.ToCenter(box);
            return new[] { x, y, w, h };
        })], Tolerance);
        context.Near("xywh_pixels", file.ReadSingles("xywh_pixels"), [.. pixels.SelectMany(box => new[] { box.X0, box.Y0, box.Width, box.Height })], Tolerance);
        var pairs = (int)file.Entries["iou"].Shape[1];
        context.Near("iou", file.ReadSingles("iou"), [.. pixels.SelectMany(box => pixels.Take(pairs).Select(other => BoxGeometry.Iou(box, other)))], Tolerance);
        float[] actual = [.. pixels.SelectMany(box => pixels.Take(pairs).Select(other => BoxGeometry.GeneralizedIou(box, other)))];
        context.Near("giou", file.ReadSingles("giou"), actual, Tolerance);
    }

    private static void Degenerate(CaseContext context, JsonElement item)
    {
        var boxes = item.GetProperty("boxes").EnumerateArray().SelectMany(box => ReadBoxes(box.Singles())).ToArray();
        for (var i = 0; i < boxes.Length; i++)
        {
            for (var j = 0; j < boxes.Length; j++)
            {
                // null = 0/0, for which the pack recommends 0
                var expected = item.GetProperty("iou_nan_as_null")[i][j];
                context.Near($"iou[{i},{j}]", expected.ValueKind == JsonValueKind.Null ? 0 : expected.GetDouble(), BoxGeometry.Iou(boxes[i], boxes[j]),
                    Tolerance);
            }
        }
    }

    private static void Nms(CaseContext context, JsonElement item)
    {
        var boxes = item.GetProperty("boxes").EnumerateArray().SelectMany(box => ReadBoxes(box.Singles())).ToArray();
        context.EqualSequence("keep", item.GetProperty("keep").Ints(), NonMaximumSuppression.Keep(
            boxes, item.GetProperty("scores").Singles(), item.GetProperty("iou_threshold").GetDouble(), item.Maybe("groups")?.Ints()));
    }

    private static BinaryMask ReadMask(SafetensorsFile file, string key)
    {
        var shape = file.Entries[key].Shape;
        return new BinaryMask((int)shape[1], (int)shape[0], file.Bytes(key).ToArray());
    }

    private static void Mask(CaseContext context, string data, JsonElement item)
    {
        using var file = SafetensorsFile.Open(data);
        var mask = ReadMask(file, $"mask.{item.Text("name")}");
        context.Equal("area", item.GetProperty("area").GetInt32(), mask.Area);
        var box = item.Maybe("box_xyxy_inclusive_exclusive") is { } edges ? ReadBoxes(edges.Singles())[0] : (BoundingBox?)null;
        context.Equal("tight box", box, MaskGeometry.TightBox(mask));
        var counts = RunLengthEncoding.Encode(mask);
        context.Equal("runs", item.GetProperty("rle_runs").GetInt32(), counts.Length);
        if (item.Maybe("rle_counts") is { } expected)
            context.EqualSequence("counts", expected.EnumerateArray().Select(value => value.GetUInt32()), counts);
        context.Equal("compressed", item.Text("rle_string"), RunLengthEncoding.Compress(counts));
        context.EqualSequence("expanded", counts, RunLengthEncoding.Expand("mask", item.Text("rle_string")));
        context.EqualSequence("decoded", mask.Cells, RunLengthEncoding.Decode("mask", mask.Width, mask.Height, counts).Cells);
    }

    private static void MaskIou(CaseContext context, string data, JsonElement pairs)
    {
        using var file = SafetensorsFile.Open(data);
        foreach (var pair in pairs.EnumerateArray())
        {
            var (first, second) = (ReadMask(file, $"mask.{pair.Text("a")}"), ReadMask(file, $"mask.{pair.Text("b")}"));
            var name = $"{pair.Text("a")}/{pair.Text("b")}";
            context.Equal(name, (pair.GetProperty("intersection").GetInt32(), pair.GetProperty("union").GetInt32()), MaskGeometry.Overlap(first, second));
            context.Near(name, pair.Maybe("iou")?.GetDouble() ?? 0, MaskGeometry.Iou(first, second), Tolerance);
        }
    }

    private static void Downsampling(CaseContext context, string data, JsonElement item)
    {
        using var file = SafetensorsFile.Open(data);
        var (name, grid) = (item.Text("mask"), item.GetProperty("grid").GetInt32());
        var mask = ReadMask(file, $"mask.{name}");
        var key = $"{name}.{grid}";
        context.Near("area", file.ReadSingles($"area.{key}"), MaskGrid.Area(mask, grid), Tolerance);
        var covered = MaskGrid.Covered(mask, grid);
        context.EqualSequence("grid_gt", file.Bytes($"grid_gt.{key}").ToArray(), covered.Cells);
        context.Equal("rescued", item.GetProperty("rescued_cell").GetBoolean(), covered.Area == 1 && !MaskGrid.Area(mask, grid).Any(area => area > 0.5f));
        var half = MaskGrid.Covered(mask, grid, takesHalf: true);
        context.EqualSequence("grid_ge", file.Entries.ContainsKey($"grid_ge.{key}") ? file.Bytes($"grid_ge.{key}").ToArray() : covered.Cells, half.Cells);
        context.EqualSequence("nearest", file.Bytes($"nearest.{key}").ToArray(), MaskGrid.Nearest(mask, grid).Cells);
        context.Equal("nearest_lost_object", item.GetProperty("nearest_lost_object").GetBoolean(), mask.Area > 0 && MaskGrid.Nearest(mask, grid).Area == 0);
        if (file.Entries.ContainsKey($"nearest_chain.{key}"))
        {
            // the chain begins with the finest grid of the pack
            var finest = file.Entries.Keys.Where(other => other.StartsWith($"area.{name}.", StringComparison.Ordinal))
                .Max(other => int.Parse(other.AsSpan(other.LastIndexOf('.') + 1), System.Globalization.CultureInfo.InvariantCulture));
            context.EqualSequence("nearest_chain", file.Bytes($"nearest_chain.{key}").ToArray(), MaskGrid.Nearest(MaskGrid.Nearest(mask, finest), grid).Cells);
        }

        if (file.Entries.ContainsKey($"bilinear.{key}"))
            context.Near("bilinear", file.ReadSingles($"bilinear.{key}"), MaskGrid.Bilinear(mask, grid, antialias: false), Tolerance);
        if (!file.Entries.ContainsKey($"bilinear_antialias.{key}"))
            return;
        var smooth = MaskGrid.Bilinear(mask, grid, antialias: true);
        context.Near("bilinear_antialias", file.ReadSingles($"bilinear_antialias.{key}"), smooth, Tolerance);
        context.EqualSequence("bilinear_antialias_gt0", file.Bytes($"bilinear_antialias_gt0.{key}").ToArray(),
            smooth.Select(value => (byte)(value > 0 ? 1 : 0)));
    }

    private static void Union(CaseContext context, string data, JsonElement item)
    {
        using var file = SafetensorsFile.Open(data);
        context.Equal("area", item.GetProperty("area_of_union").GetInt32(),
            MaskGeometry.Union([ReadMask(file, $"mask.{item.Text("a")}"), ReadMask(file, $"mask.{item.Text("b")}")]).Area);
    }

    private static void Owner(CaseContext context, string data, JsonElement item)
    {
        using var file = SafetensorsFile.Open(data);
        var masks = item.GetProperty("masks").Strings().Select(name => ReadMask(file, $"mask.{name}")).ToArray();
        var owners = MaskGeometry.Owners(masks, item.GetProperty("scores").Singles());
        context.EqualSequence("owner", file.ReadInt64s(item.Text("tensor")), owners.Select(owner => (long)owner));
        context.EqualSequence("areas_after", item.GetProperty("areas_after").Ints(), masks.Select((_, index) => owners.Count(owner => owner == index)));
    }
}
