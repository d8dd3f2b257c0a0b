using System.Text;
using System.Text.Json;
using Realign.Clip;
using Realign.Conformance.Runner;
using Realign.Core.Configs;
using Realign.Torch.Weights;
using Realign.VisionLanguage.Blip;
using Realign.VisionLanguage.Blip2;
using TorchSharp;

namespace Realign.Conformance.Suites.VisionLanguage;

/// <summary>Module trees of the full-size models, built without storage, name exactly the published keys and shapes.</summary>
public sealed class ManifestsSuite : IConformanceSuite
{
    public string Folder => "vision-language/manifests";

    public IEnumerable<ConformanceCase> Cases(string folder) =>
        Directory.EnumerateFiles(folder, "*.json").Order(StringComparer.Ordinal)
            .Select(path => new ConformanceCase(Path.GetFileNameWithoutExtension(path), context => Compare(path, context)));

    private static void Compare(string path, CaseContext context)
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(path));
        var root = document.RootElement;
        using var model = Build(path, root.GetProperty("config"));
        var actual = StateDict.Shapes(model);
        var expected = root.GetProperty("tensors").EnumerateObject().ToDictionary(
            item => item.Name, item => string.Join("x", item.Value[0].EnumerateArray().Select(size => size.GetInt64())), StringComparer.Ordinal);
        context.EqualSequence("missing", [], expected.Keys.Except(actual.Keys).Order(StringComparer.Ordinal));
        context.EqualSequence("unexpected", [], actual.Keys.Except(expected.Keys).Order(StringComparer.Ordinal));
        foreach (var (key, shape) in expected.Where(item => actual.ContainsKey(item.Key)))
            context.Equal(key, shape, string.Join("x", actual[key]));
        var aliases = root.GetProperty("aliases_either_name_or_both_may_be_stored").EnumerateObject().Select(item => item.Name)
            .ToHashSet(StringComparer.Ordinal);
        context.Equal("parameters", root.GetProperty("parameter_count").GetInt64(),
            actual.Where(item => !aliases.Contains(item.Key)).Sum(item => item.Value.Aggregate(1L, (product, size) => product * size)));
    }

    private static torch.nn.Module Build(string path, JsonElement config)
    {
        var architecture = config.GetProperty("architectures")[0].GetString();
        var reader = ConfigReader.Parse(path, Encoding.UTF8.GetBytes(config.GetRawText()));
        torch.nn.Module model = architecture switch
        {
            "CLIPModel" => new CLIPModel(CLIPConfig.Read(reader)),
            "BlipForConditionalGeneration" => new BlipForConditionalGeneration(BlipConfig.Read(reader)),
            "BlipForImageTextRetrieval" => new BlipForImageTextRetrieval(BlipConfig.Read(reader)),
            "Blip2ForConditionalGeneration" => new Blip2ForConditionalGeneration(Blip2Config.Read(reader)),
            "Blip2ForImageTextRetrieval" => new Blip2ForImageTextRetrieval(Blip2Config.Read(reader)),
            _ => throw new NotSupportedException($"no class for {architecture}"),
        };
        reader.ThrowIfAny();
        return model;
    }
}
