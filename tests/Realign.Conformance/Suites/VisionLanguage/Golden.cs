using System.Text.Json;
using Realign.Conformance.Runner;
using Realign.Safetensors;
using Realign.Torch;
using static TorchSharp.torch;

namespace Realign.Conformance.Suites.VisionLanguage;

/// <summary>One <c>cases</c> file with its tensors and tolerances.</summary>
internal sealed class Golden
{
    private readonly SafetensorsFile _tensors;

    public Golden(string folder, string prefix = "")
    {
        Folder = folder;
        Json = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, $"{prefix}cases.json"))).RootElement;
        _tensors = SafetensorsFile.Open(Path.Combine(folder, $"{prefix}tensors.safetensors"));
    }

    public string Folder { get; }

    public JsonElement Json { get; }

    public IEnumerable<string> Names => _tensors.Entries.Keys;

    public string Snapshot(string field = "snapshot") => Path.Combine(Folder, Json.GetProperty(field).GetString()!);

    public Tensor Tensor(string name) => TensorConvert.Read(_tensors, name);

    public bool Has(string name) => _tensors.Entries.ContainsKey(name);

    public double Tolerance(string name) => Json.GetProperty("tolerance").GetProperty(name).GetProperty("abs").GetDouble();

    /// <summary>Compares with the tensor and the tolerance of the same name.</summary>
    public void Near(CaseContext context, string name, Tensor actual, string? tolerance = null)
    {
        using var scope = NewDisposeScope();
        context.EqualSequence($"{name} shape", _tensors.Entries[name].Shape.Where(size => size != 1), actual.shape.Where(size => size != 1));
        context.Near(name, _tensors.ReadSingles(name), actual.ToSingles(), Tolerance(tolerance ?? name));
    }

    /// <summary>Compares the gradient of a loss with respect to the pixels.</summary>
    public void NearGradient(CaseContext context, string name, Tensor loss, Tensor pixels)
    {
        autograd.backward([loss], inputs: [pixels]);
        Near(context, name, pixels.grad!);
    }

    /// <summary>Images as a leaf that takes gradients.</summary>
    public Tensor Pixels(bool gradient = false)
    {
        var pixels = Tensor("pixel_values");
        return gradient ? pixels.requires_grad_() : pixels;
    }

    public static int[] Ints(JsonElement element) => [.. element.EnumerateArray().Select(item => item.GetInt32())];

    public static float[] Floats(JsonElement element) => [.. element.EnumerateArray().Select(item => item.GetSingle())];

    public static string[] Texts(JsonElement element) => [.. element.EnumerateArray().Select(item => item.GetString()!)];
}
