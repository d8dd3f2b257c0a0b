using System.Text.Json;
using System.Text.RegularExpressions;
using Realign.Conformance.Runner;
using Realign.Core.Errors;
using Realign.Onnx;
using Realign.Safetensors;

namespace Realign.Conformance.Suites.Onnx;

/// <summary>Runtime behavior: types, empty batches, external data, files and inputs to be rejected, optimizer fallback.</summary>
public sealed partial class OrtSuite : IConformanceSuite
{
    // onnx/README.md: fp32/fp64 of these small graphs agree to 1e-5; float16 within 4e-3 absolute or 2e-3 relative
    private const double Tolerance = 1e-5;
    private const double HalfAbsolute = 4e-3;
    private const double HalfRelative = 2e-3;

    public string Folder => "onnx/ort";

    public IEnumerable<ConformanceCase> Cases(string folder)
    {
        var root = OnnxPack.Json(folder, "cases.json");
        foreach (var good in root.GetProperty("good").EnumerateArray())
        {
            foreach (var item in good.GetProperty("cases").EnumerateArray())
                yield return new ConformanceCase(item.Text("key"), context => Good(context, folder, good, item));
        }

        foreach (var bad in root.GetProperty("bad").EnumerateArray())
            yield return new ConformanceCase(bad.Text("file"), context => Bad(context, Path.Combine(folder, bad.Text("file"))));

        var runFile = Path.Combine(folder, root.Text("run_errors_on"));
        foreach (var error in root.GetProperty("run_errors").EnumerateArray())
            yield return new ConformanceCase($"run_errors/{error.Text("name")}", context => RunError(context, folder, runFile, error.Text("name")));

        yield return new ConformanceCase("optimizer_fallback", context => OptimizerFallback(context, folder, root.GetProperty("optimizer")));
    }

    private static void Good(CaseContext context, string folder, JsonElement good, JsonElement item)
    {
        using var io = SafetensorsFile.Open(Path.Combine(folder, "io.safetensors"));
        using var model = OnnxModel.Open(Path.Combine(folder, good.Text("file")));
        CheckDeclaration(context, good.GetProperty("io"), model);
        var key = item.Text("key");
        var inputs = item.GetProperty("inputs").EnumerateObject().ToDictionary(input => input.Name, input => OnnxPack.Tensor(io, $"{key}.in.{input.Name}"));
        var outputs = model.Run(inputs, null, CancellationToken.None);
        foreach (var output in item.GetProperty("outputs").EnumerateObject())
            Compare(context, output.Name, OnnxPack.Tensor(io, $"{key}.out.{output.Name}"), outputs[output.Name], good.Text("file").Contains("fp16",
                StringComparison.Ordinal));
    }

    private static void CheckDeclaration(CaseContext context, JsonElement io, OnnxModel model)
    {
        context.EqualSequence("inputs", io.GetProperty("inputs").EnumerateArray().Select(value => value.Text("name")),
            model.Inputs.Where(input => !input.IsOptional).Select(input => input.Name));
        context.EqualSequence("outputs", io.GetProperty("outputs").EnumerateArray().Select(value => value.Text("name")),
            model.Outputs.Select(output => output.Name));
        foreach (var declared in io.GetProperty("inputs").EnumerateArray())
        {
            context.EqualSequence($"axes of {declared.Text("name")}",
                declared.GetProperty("shape").EnumerateArray().Select(size => size.ValueKind == JsonValueKind.Number ? size.GetInt64() : (long?)null),
                model.Input(declared.Text("name")).Dimensions);
        }
    }

    private static void Compare(CaseContext context, string name, OnnxTensor expected, OnnxTensor actual, bool isHalf)
    {
        context.Equal($"type of {name}", expected.ElementType, actual.ElementType);
        context.EqualSequence($"shape of {name}", expected.Shape, actual.Shape);
        switch (expected.ElementType)
        {
            case OnnxElementType.Float32 when !isHalf:
                context.Near(name, expected.ToSingles(), actual.ToSingles(), Tolerance);
                break;
            case OnnxElementType.Float32 or OnnxElementType.Float16:
                var (left, right) = (expected.ToSingles(), actual.ToSingles());
                context.Near(name, left.Zip(right, (a, b) => Math.Max(0, CaseContext.Largest([a], [b]) - (HalfRelative * Math.Abs(a)))).DefaultIfEmpty(0).Max(),
                    HalfAbsolute);
                break;
            case OnnxElementType.Int64:
                context.EqualSequence(name, expected.AsSpan<long>().ToArray(), actual.AsSpan<long>().ToArray());
                break;
            default:
                context.EqualSequence(name, expected.ToSingles(), actual.ToSingles());
                break;
        }
    }

    private static void Bad(CaseContext context, string path)
    {
        try
        {
            using var model = OnnxModel.Open(path);
            context.Fail("the file was loaded");
        }
        catch (ModelLoadException exception)
        {
            context.Equal("path in the error", path, exception.Path);
            context.True("the error has no way out", exception.WayOut.Length > 0);
            context.True($"the reason repeats the runtime's wording: {exception.Message}", !exception.Message.Contains("ONNXRuntimeError",
                StringComparison.Ordinal));
        }
    }

    private static void RunError(CaseContext context, string folder, string file, string name)
    {
        using var model = OnnxModel.Open(name == "float_for_fp16" ? HalfModel(folder) : file);
        var input = model.Inputs.First();
        long[] shape = [.. input.Dimensions.Select(size => size ?? 2)];
        long[] wrong = [.. input.Dimensions.Select(size => size is { } fixedSize ? fixedSize + 1 : 2)];
        OnnxTensor Singles(params long[] sizes) => OnnxTensor.Create(new float[sizes.Aggregate(1L, (a, b) => a * b)], sizes);
        Dictionary<string, OnnxTensor> fed = name switch
        {
            "wrong_rank" => new() { [input.Name] = Singles(shape[^1]) },
            "wrong_size" => new() { [input.Name] = Singles(wrong) },
            "wrong_type" => new() { [input.Name] = OnnxTensor.FromSingles(OnnxElementType.Float64, Singles(shape).ToSingles(), shape) },
            "float_for_fp16" => new() { [input.Name] = Singles(shape) },
            "unknown_name" => new() { [input.Name.ToUpperInvariant()] = Singles(shape) },
            "missing_input" => [],
            "extra_input" => new() { [input.Name] = Singles(shape), [input.Name + "_extra"] = Singles(1) },
            _ => throw new NotSupportedException($"run error {name}"),
        };
        try
        {
            _ = model.Run(fed, null, CancellationToken.None);
            context.Fail("the run succeeded");
        }
        catch (InvalidInputException exception)
        {
            context.True("the error has no way out", exception.WayOut.Length > 0);
        }
    }

    private static string HalfModel(string folder)
    {
        foreach (var file in Directory.EnumerateFiles(folder, "*.onnx").Order(StringComparer.Ordinal))
        {
            using var model = OnnxModel.Open(file);
            if (model.Inputs.Any(input => input.ElementType == OnnxElementType.Float16))
                return file;
        }

        throw new NotSupportedException("the pack has no graph with float16 inputs");
    }

    private static void OptimizerFallback(CaseContext context, string folder, JsonElement optimizer)
    {
        var tolerance = double.Parse(WithinPattern().Match(optimizer.Text("expectation")).Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture);
        using var data = SafetensorsFile.Open(Path.Combine(folder, Path.ChangeExtension(optimizer.Text("file"), ".safetensors")));
        using var model = OnnxModel.Open(Path.Combine(folder, optimizer.Text("file")));
        var outputs = model.Run(model.Inputs.ToDictionary(input => input.Name, input => OnnxPack.Tensor(data, input.Name)), null, CancellationToken.None);
        foreach (var (name, tensor) in outputs)
            context.Near(name, data.ReadSingles(name), tensor.ToSingles(), tolerance);
    }

    [GeneratedRegex(@"within (\d[\d.e-]*)")]
    private static partial Regex WithinPattern();
}
