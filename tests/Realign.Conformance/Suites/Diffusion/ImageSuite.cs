using System.Text.Json;
using Realign.Conformance.Runner;
using Realign.Core.Images;
using Realign.Imaging;
using Realign.Safetensors;

namespace Realign.Conformance.Suites.Diffusion;

/// <summary>Loading, resizing, pre- and postprocessing of pictures and masks.</summary>
internal sealed class ImageSuite : IConformanceSuite
{
    public string Folder => "diffusion/image";

    public IEnumerable<ConformanceCase> Cases(string folder)
    {
        var root = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "cases.json"))).RootElement;
        var limits = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "../tolerances.json"))).RootElement;
        var expected = SafetensorsFile.Open(Path.Combine(folder, root.GetProperty("expected").GetString()!));
        var processor = new VaeImageProcessor(root.GetProperty("vae_scale_factor").GetInt32());
        foreach (var item in root.GetProperty("files").EnumerateArray())
        {
            var file = item.GetProperty("file").GetString()!;
            yield return new ConformanceCase($"load/{file}", context => Loaded(context, folder, file, expected, processor, limits));
        }

        foreach (var item in root.GetProperty("resizes").EnumerateArray())
            yield return new ConformanceCase($"resize/{item.GetProperty("name").GetString()}", context => Resized(context, folder, item, expected, processor,
                limits));
        foreach (var item in root.GetProperty("pil_resize").EnumerateArray())
        {
            var tensor = item.GetProperty("tensor").GetString()!;
            yield return new ConformanceCase(tensor, context =>
            {
                var filter = Enum.Parse<PillowFilter>(item.GetProperty("filter").GetString()!, ignoreCase: true);
                var source = Decode(folder, item.GetProperty("source").GetString()!);
                Levels(context, tensor, expected, tensor, PillowResize.Resize(source, item.GetProperty("width").GetInt32(), item.GetProperty("height")
                    .GetInt32(), filter), 0);
            });
        }

        var mask = root.GetProperty("mask");
        yield return new ConformanceCase("mask", context =>
        {
            var cells = processor.PreprocessMask(Decode(folder, mask.GetProperty("file").GetString()!)).Cells;
            context.Near("mask", expected.ReadSingles(mask.GetProperty("tensor").GetString()!), Array.ConvertAll(cells, cell => (float)cell), 0);
        });
        yield return new ConformanceCase("preprocess.tensor", context =>
            context.Near("tensor", expected.ReadSingles("preprocess.tensor_out"), VaeImageProcessor.Normalize(expected.ReadSingles("preprocess.tensor_in")),
                1e-6));
        yield return new ConformanceCase("postprocess", context => Postprocess(context, folder, root, expected));
    }

    private static void Loaded(CaseContext context, string folder, string file, SafetensorsFile expected, VaeImageProcessor processor, JsonElement limits)
    {
        var jpeg = file.EndsWith(".jpg", StringComparison.Ordinal);
        var image = Decode(folder, file);
        var reference = Image(expected, $"{file}.loaded_rgb");
        context.Equal("width", reference.Width, image.Width);
        context.Equal("height", reference.Height, image.Height);
        Levels(context, "loaded_rgb", expected, $"{file}.loaded_rgb", image, jpeg ? limits.GetProperty("jpeg_levels").GetInt32() : 0);
        Levels(context, "resized_u8", expected, $"{file}.resized_u8", processor.Resize(reference), limits.GetProperty("image_resize_levels").GetInt32());
        // 2 (v/255) - 1 in single precision: half a unit in the last place of 1
        if (expected.Entries.ContainsKey($"{file}.preprocessed"))
            context.Near("preprocessed", expected.ReadSingles($"{file}.preprocessed"), processor.Preprocess(reference), 1e-6);
    }

    private static void Resized(CaseContext context, string folder, JsonElement item, SafetensorsFile expected, VaeImageProcessor processor, JsonElement limits)
    {
        var mode = item.TryGetProperty("resize_mode", out var name) ? Enum.Parse<VaeResizeMode>(name.GetString()!, ignoreCase: true) : VaeResizeMode.Default;
        var image = processor.Resize(Decode(folder, item.GetProperty("source").GetString()!), item.GetProperty("height").GetInt32(), item.GetProperty("width")
            .GetInt32(), mode);
        Levels(context, "pixels", expected, item.GetProperty("tensor").GetString()!.Split(' ')[0], image, limits.GetProperty("image_resize_levels").GetInt32());
    }

    private static void Postprocess(CaseContext context, string folder, JsonElement root, SafetensorsFile expected)
    {
        var values = expected.ReadSingles("postprocess.input");
        var shape = expected.Entries["postprocess.input"].Shape;
        var (height, width) = ((int)shape[2], (int)shape[3]);
        var unit = VaeImageProcessor.Denormalize(values);
        context.Near("pt", expected.ReadSingles("postprocess.pt"), unit, 1e-6);
        // N,C,H,W -> N,H,W,C
        var plane = height * width;
        float[] lastChannels = [.. Enumerable.Range(0, unit.Length).Select(i => unit[(i / (3 * plane) * 3 * plane) + (i % 3 * plane) + (i / 3 % plane)])];
        context.Near("np", expected.ReadSingles("postprocess.np"), lastChannels, 1e-6);
        var bytes = expected.Bytes("postprocess.u8").ToArray();
        var size = 3 * height * width;
        foreach (var (file, index) in root.GetProperty("postprocess_png").EnumerateArray().Select((file, index) => (file.GetString()!, index)))
        {
            var image = VaeImageProcessor.Postprocess(values.AsSpan(index * size, size), height, width);
            context.EqualSequence($"u8 {index}", bytes.Skip(index * size).Take(size), image.Pixels);
            context.EqualSequence(file, Decode(folder, file).Pixels, ImageDecoder.Decode(ImageEncoder.Png(image)).Pixels);
        }
    }

    private static RgbImage Decode(string folder, string file) => ImageDecoder.Decode(File.ReadAllBytes(Path.Combine(folder, file)));

    private static RgbImage Image(SafetensorsFile file, string key) =>
        new((int)file.Entries[key].Shape[1], (int)file.Entries[key].Shape[0], file.Bytes(key).ToArray());

    private static void Levels(CaseContext context, string what, SafetensorsFile file, string key, RgbImage actual, int levels)
    {
        var expected = file.Bytes(key);
        context.Near(what, Array.ConvertAll(expected.ToArray(), value => (float)value), Array.ConvertAll(actual.Pixels, value => (float)value), levels);
    }
}
