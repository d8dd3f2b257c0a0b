using System.Text.Json;
using Realign.Safetensors;
using Realign.Testing;
using Image = Realign.V1.Image;

namespace Realign.Captioner.Tests;

/// <summary>One model of the pack: its cases, and its images as pixels in [0, 1].</summary>
internal sealed class PackPart
{
    private readonly float[] _normalized;
    private readonly float[] _mean;
    private readonly float[] _std;

    public PackPart(string part, string prefix)
    {
        var folder = Path.Combine(ConformancePack.Require(), "vision-language", part);
        Json = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, $"{prefix}cases.json"))).RootElement;
        Snapshot = Path.Combine(folder, Json.GetProperty("snapshot").GetString()!);
        using var tensors = SafetensorsFile.Open(Path.Combine(folder, $"{prefix}tensors.safetensors"));
        (Images, Side) = ((int)tensors.Entries["pixel_values"].Shape[0], tensors.Entries["pixel_values"].Shape[^1]);
        _normalized = tensors.ReadSingles("pixel_values");
        using var processor = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Snapshot, "preprocessor_config.json")));
        float[] Numbers(string name) => [.. processor.RootElement.GetProperty(name).EnumerateArray().Select(value => value.GetSingle())];
        (_mean, _std) = (Numbers("image_mean"), Numbers("image_std"));
    }

    public JsonElement Json { get; }

    public string Snapshot { get; }

    public int Images { get; }

    public long Side { get; }

    public float[] Pixels(int index)
    {
        var plane = (int)(Side * Side);
        return [.. Enumerable.Range(0, 3 * plane).Select(i => (_normalized[(index * 3 * plane) + i] * _std[i / plane]) + _mean[i / plane])];
    }

    public Image Image(int index) => Pictures.AsRequest(Pixels(index), 3, Side, Side);
}
