using System.Text.Json;
using Realign.Conformance.Runner;
using Realign.Onnx;
using Realign.Safetensors;
using Realign.Torch;
using static TorchSharp.torch;

namespace Realign.Conformance.Suites.Onnx;

/// <summary>Single operators: the stored graph through the runtime, and the libtorch call it stands for, both against the stored outputs.</summary>
public sealed class ExportOpsSuite : IConformanceSuite
{
    public string Folder => "onnx/export-ops";

    public IEnumerable<ConformanceCase> Cases(string folder)
    {
        var root = OnnxPack.Json(folder, "cases.json");
        foreach (var item in root.GetProperty("cases").EnumerateArray())
        {
            yield return new ConformanceCase($"runtime/{item.Text("name")}", context => Runtime(context, folder, item));
            if (TorchCalls.Find(item.Text("name"), item.Text("torch")) is { } call)
                yield return new ConformanceCase($"torch/{item.Text("name")}", context => Torch(context, folder, item, call));
        }
    }

    private static void Runtime(CaseContext context, string folder, JsonElement item)
    {
        using var io = SafetensorsFile.Open(Path.Combine(folder, "io.safetensors"));
        using var model = OnnxModel.Open(Path.Combine(folder, item.Text("file")));
        var name = item.Text("name");
        var inputs = item.GetProperty("inputs").Strings().ToDictionary(input => input, input => OnnxPack.Tensor(io, $"{name}.in.{input}"));
        var outputs = model.Run(inputs, null, CancellationToken.None);
        foreach (var output in item.GetProperty("outputs").Strings())
        {
            var expected = OnnxPack.Tensor(io, $"{name}.out.{output}");
            context.Equal($"type of {output}", expected.ElementType, outputs[output].ElementType);
            context.EqualSequence($"shape of {output}", expected.Shape, outputs[output].Shape);
            context.Near(output, expected.ToSingles(), outputs[output].ToSingles(), item.GetProperty("tolerance").GetDouble());
        }
    }

    private static void Torch(CaseContext context, string folder, JsonElement item, Func<Func<string, Tensor>, Tensor[]> call)
    {
        using var io = SafetensorsFile.Open(Path.Combine(folder, "io.safetensors"));
        var name = item.Text("name");
        var inputs = item.GetProperty("inputs").Strings();
        var results = call(key => TensorConvert.Read(io, $"{name}.{(inputs.Contains(key) ? "in" : "const")}.{key}"));
        foreach (var (output, result) in item.GetProperty("outputs").Strings().Zip(results))
        {
            var entry = io.Entries[$"{name}.out.{output}"];
            context.EqualSequence($"shape of {output}", entry.Shape, result.shape);
            context.Near(output, OnnxPack.Tensor(io, $"{name}.out.{output}").ToSingles(),
                TensorConvert.ToSingles(result.to_type(ScalarType.Float32)), item.GetProperty("tolerance").GetDouble());
        }
    }
}
