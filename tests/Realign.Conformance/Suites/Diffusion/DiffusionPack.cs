using System.Text.Json;
using Realign.Conformance.Runner;
using Realign.Core.Configs;
using Realign.Safetensors;
using Realign.Torch;
using static TorchSharp.torch;

namespace Realign.Conformance.Suites.Diffusion;

/// <summary>Reads the json and tensor files of <c>diffusion/*</c>.</summary>
internal sealed class DiffusionPack(string folder)
{
    private readonly JsonElement _tolerances = ReadJson(Path.Combine(folder, "..", "tolerances.json"));

    public string File(string name) => Path.Combine(folder, name);

    public double Tolerance(string name) => _tolerances.GetProperty(name).GetDouble();

    /// <summary>Folder of the snapshot, as the runs name it.</summary>
    public string Snapshot => Json("pipelines.json").GetProperty("snapshot").GetString()!;

    public JsonElement Json(string name) => ReadJson(File(name));

    public SafetensorsFile Tensors(string name) => SafetensorsFile.Open(File(name));

    public static JsonElement ReadJson(string path)
    {
        using var document = JsonDocument.Parse(PythonJson.Standardise(System.IO.File.ReadAllBytes(path)));
        return document.RootElement.Clone();
    }

    /// <summary>Largest difference, absolute.</summary>
    public static void Near(CaseContext context, SafetensorsFile expected, string key, Tensor actual, double tolerance)
    {
        context.EqualSequence($"{key} shape", expected.Entries[key].Shape, actual.shape);
        context.Near(key, expected.ReadSingles(key), actual.ToSingles(), tolerance);
    }
}
