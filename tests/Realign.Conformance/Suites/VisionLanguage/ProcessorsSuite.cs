using System.Text.Json;
using Realign.Conformance.Runner;
using Realign.Imaging;
using Realign.Safetensors;
using Realign.Torch;
using Realign.Torch.Images;
using static TorchSharp.torch;

namespace Realign.Conformance.Suites.VisionLanguage;

/// <summary>Image processors and resizing to the last bit, and the differentiable path with its vector-Jacobian products.</summary>
internal sealed class ProcessorsSuite : IConformanceSuite
{
    // the README of the folder gives these two; the json has none for them
    private const double PixelValueTolerance = 2e-6;
    private const double FloatResizeTolerance = 1e-4;

    public string Folder => "vision-language/processors";

    public IEnumerable<ConformanceCase> Cases(string folder)
    {
        var root = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "cases.json"))).RootElement;
        var tensors = SafetensorsFile.Open(Path.Combine(folder, "tensors.safetensors"));
        var processors = root.GetProperty("processors").EnumerateArray().ToDictionary(item => item.GetProperty("name").GetString()!, item =>
            Configure(root, item));
        foreach (var item in root.GetProperty("cases").EnumerateArray())
        {
            var processor = processors.TryGetValue(item.GetProperty("processor").GetString()!, out var known) ? known : Configure(root, item);
            yield return new ConformanceCase(
                $"{item.GetProperty("processor").GetString()}/{item.GetProperty("image").GetString()}", context => Process(context, folder, item, processor,
                    tensors));
        }

        foreach (var item in root.GetProperty("resize").EnumerateArray())
            yield return new ConformanceCase(item.GetProperty("tensor").GetString()!, context => Resize(context, folder, item, tensors));
        foreach (var item in root.GetProperty("differentiable").EnumerateArray())
            yield return new ConformanceCase(item.GetProperty("prefix").GetString()!.TrimEnd('.'), context => Differentiable(context, root, item, tensors));
        yield return new ConformanceCase("reward_path", context => RewardPath(context, root, tensors));
    }

    private static ImageProcessor Configure(JsonElement root, JsonElement item)
    {
        var fields = new Dictionary<string, JsonElement>();
        foreach (var name in new[] { "image_mean", "image_std", "rescale_factor" })
            fields[name] = root.GetProperty(name);
        if (item.TryGetProperty("kwargs", out var arguments) && arguments.ValueKind == JsonValueKind.Object)
        {
            foreach (var argument in arguments.EnumerateObject())
                fields[argument.Name] = argument.Value;
        }

        if (fields.ContainsKey("crop_size"))
            fields["do_center_crop"] = JsonSerializer.SerializeToElement(true);
        return new ImageProcessor(ImageProcessorConfig.Parse(JsonSerializer.Serialize(fields)));
    }

    private static void Process(CaseContext context, string folder, JsonElement item, ImageProcessor processor, SafetensorsFile tensors)
    {
        var name = item.GetProperty("image").GetString()!;
        var image = ImageDecoder.Decode(File.ReadAllBytes(Path.Combine(folder, "images", $"{name}.png")));
        if (tensors.Entries.ContainsKey($"decoded_rgb.{name}"))
            context.EqualSequence("decoded_rgb", tensors.Bytes($"decoded_rgb.{name}").ToArray(), image.Pixels);
        var bytes = tensors.Bytes(item.GetProperty("tensor_uint8_hwc").GetString()!).ToArray();
        context.EqualSequence("uint8", bytes, processor.ResizeAndCrop(image).Pixels);
        var values = processor.Process(image).PixelValues;
        if (item.GetProperty("tensor").GetString() is { } tensor)
            context.Near("pixel_values", tensors.ReadSingles(tensor), values, PixelValueTolerance);
        // where the values are not stored, their sums are
        if (item.TryGetProperty("pixel_values_sum", out var sum))
            context.Near("sum", sum.GetDouble(), values.Sum(value => (double)value), PixelValueTolerance * values.Length);
        if (item.TryGetProperty("pixel_values_abs_sum", out var absolute))
            context.Near("sum of magnitudes", absolute.GetDouble(), values.Sum(value => Math.Abs((double)value)), PixelValueTolerance * values.Length);
    }

    private static void Resize(CaseContext context, string folder, JsonElement item, SafetensorsFile tensors)
    {
        var name = item.GetProperty("image").GetString()!;
        var image = ImageDecoder.Decode(File.ReadAllBytes(Path.Combine(folder, "images", $"{name}.png")));
        var filter = Enum.Parse<PillowFilter>(item.GetProperty("filter").GetString()!, ignoreCase: true);
        var size = item.GetProperty("out_wh");
        var (width, height) = (size[0].GetInt32(), size[1].GetInt32());
        var tensor = item.GetProperty("tensor").GetString()!;
        if (!item.TryGetProperty("mode", out _))
        {
            // pictures of one channel are stored as one: all three of ours must equal it
            var resized = PillowResize.Resize(image, width, height, filter, ResizeOrder.HorizontalFirst).Pixels;
            var bytes = tensors.Bytes(tensor).ToArray();
            context.EqualSequence("uint8", tensors.Entries[tensor].Shape.Count == 3 ? bytes : bytes.SelectMany(value => new[] { value, value, value }),
                resized);
            return;
        }

        var expected = tensors.ReadSingles(tensor);
        var channels = expected.Length / (width * height);
        for (var channel = 0; channel < channels; channel++)
        {
            var plane = Enumerable.Range(0, image.Width * image.Height).Select(i => (float)image.Pixels[i * 3 + channel]).ToArray();
            var floats = PillowResize.ResizeFloat(plane, image.Width, image.Height, width, height, filter, ResizeOrder.HorizontalFirst);
            context.Near($"channel {channel}", expected.Where((_, i) => i % channels == channel).ToArray(), floats, FloatResizeTolerance);
        }
    }

    private static void Differentiable(CaseContext context, JsonElement root, JsonElement item, SafetensorsFile tensors)
    {
        var prefix = item.GetProperty("prefix").GetString()!;
        var size = item.GetProperty("out_hw");
        var kernel = Enum.Parse<ResizeKernel>(item.GetProperty("mode").GetString()!, ignoreCase: true);
        var processor = Processor(root, size, kernel, item.GetProperty("antialias").GetBoolean());
        using var image = TensorConvert.Read(tensors, prefix + "image_01").requires_grad_();
        using var resized = processor.Resize(image);
        using var normalized = processor.Normalize(resized);
        var measured = item.GetProperty("fp32_vs_fp64");
        Compare(context, "resized", tensors, prefix + "resized", resized, measured.GetProperty("normalised").GetDouble());
        Compare(context, "normalised", tensors, prefix + "normalised", normalized, measured.GetProperty("normalised").GetDouble());
        Compare(context, "vjp", tensors, prefix + "vjp_image", Gradient(normalized, image, TensorConvert.Read(tensors, prefix + "cotangent")),
            measured.GetProperty("vjp").GetDouble());
    }

    private static void RewardPath(CaseContext context, JsonElement root, SafetensorsFile tensors)
    {
        var path = root.GetProperty("reward_path");
        var corner = path.GetProperty("crop_top_left");
        var side = path.GetProperty("crop_size").GetInt32();
        var processor = Processor(root, path.GetProperty("out_hw"), ResizeKernel.Bicubic, antialias: true);
        using var image = TensorConvert.Read(tensors, path.GetProperty("input").GetString()!).requires_grad_();
        using var output = processor.FromSigned(image, new ImageCrop(corner[0].GetInt32(), corner[1].GetInt32(), side, side));
        // no measured difference is given for this path: the largest of the resize cases holds
        var measured = root.GetProperty("differentiable").EnumerateArray().Select(item => item.GetProperty("fp32_vs_fp64")).ToList();
        Compare(context, "normalised", tensors, path.GetProperty("tensor").GetString()!, output, measured.Max(item => item.GetProperty("normalised")
            .GetDouble()));
        var vjp = path.GetProperty("vjp").GetString()!;
        var cotangent = TensorConvert.Read(tensors, vjp.Replace("vjp_image_pm1", "cotangent", StringComparison.Ordinal));
        Compare(context, "vjp", tensors, vjp, Gradient(output, image, cotangent), measured.Max(item => item.GetProperty("vjp").GetDouble()));
    }

    private static DifferentiableImageProcessor Processor(JsonElement root, JsonElement size, ResizeKernel kernel, bool antialias)
    {
        double[] Channels(string name) => [.. root.GetProperty(name).EnumerateArray().Select(value => value.GetDouble())];
        return new DifferentiableImageProcessor(size[0].GetInt32(), size[1].GetInt32(), Channels("image_mean"), Channels("image_std"), kernel, antialias);
    }

    private static Tensor Gradient(Tensor output, Tensor image, Tensor cotangent)
    {
        autograd.backward([output], [cotangent], inputs: [image]);
        return image.grad!;
    }

    // the pack's rule: max(5 x measured, 1e-5 x largest value)
    private static void Compare(CaseContext context, string what, SafetensorsFile tensors, string key, Tensor actual, double measured)
    {
        var expected = tensors.ReadSingles(key);
        context.Near(what, expected, actual.ToSingles(), Math.Max(5 * measured, 1e-5 * expected.Max(Math.Abs)));
    }
}
