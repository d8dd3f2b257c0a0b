using System.Text.Json;
using Realign.Conformance.Runner;
using Realign.Safetensors;
using Realign.Torch;
using static TorchSharp.torch;

namespace Realign.Conformance.Suites.Training;

/// <summary>
/// One golden of the training part: a json with every number, the safetensors beside it if there is one, and its entry in
/// <c>tolerances.json</c> of the folder above.
/// </summary>
internal sealed class TrainingGolden : IDisposable
{
    private readonly SafetensorsFile? _tensors;
    private readonly JsonElement _tolerances;

    private TrainingGolden(string folder, string name)
    {
        Json = Parse(Path.Combine(folder, name + ".json"));
        var tensors = Path.Combine(folder, name + ".safetensors");
        _tensors = File.Exists(tensors) ? SafetensorsFile.Open(tensors) : null;
        Part = Path.GetDirectoryName(folder)!;
        _ = Parse(Path.Combine(Part, "tolerances.json")).TryGetProperty($"{Path.GetFileName(folder)}/{name}", out _tolerances);
    }

    /// <summary>The json file.</summary>
    public JsonElement Json { get; }

    /// <summary>Folder of the training part; its networks are in <c>models</c>.</summary>
    public string Part { get; }

    public static TrainingGolden Open(string folder, string name) => new(folder, name);

    public static JsonElement Parse(string path)
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(path));
        return document.RootElement.Clone();
    }

    /// <summary>Cases of one golden, each with the file opened for it.</summary>
    public static ConformanceCase Case(string folder, string name, string id, Action<TrainingGolden, CaseContext> run) =>
        new(id, context =>
        {
            using var golden = Open(folder, name);
            run(golden, context);
        });

    public bool Has(string key) => _tensors!.Entries.ContainsKey(key);

    public IEnumerable<string> Keys => _tensors!.Entries.Keys;

    /// <summary>A tensor of the file, in the file's type.</summary>
    public Tensor Read(string key) => TensorConvert.Read(_tensors!, key);

    public double[] Numbers(string key) => Numbers(Read(key));

    public static double[] Numbers(Tensor tensor)
    {
        using var plain = tensor.detach().to(ScalarType.Float64).cpu().contiguous();
        return plain.numel() == 0 ? [] : System.Runtime.InteropServices.MemoryMarshal.Cast<byte, double>(plain.bytes).ToArray();
    }

    /// <summary>Compares with the tensor of the file, under its measured tolerance.</summary>
    public void Compare(CaseContext context, string key, Tensor actual)
    {
        context.EqualSequence(key + " shape", Flat(Read(key).shape), Flat(actual.shape));
        Compare(context, key, Numbers(actual));
    }

    public void Compare(CaseContext context, string key, double[] actual)
    {
        var expected = Numbers(key);
        if (expected.Length != actual.Length)
        {
            context.Fail($"{key}: {actual.Length} values, expected {expected.Length}");
            return;
        }

        var measured = _tolerances.GetProperty(key);
        context.Near(key, Worst(expected, actual), measured.GetProperty("tolerance").GetDouble());
        if (!measured.TryGetProperty("elementwise_relative", out var relative))
            return;
        var floor = 1e-4 * expected.Max(Math.Abs);
        var worst = 0.0;
        for (var i = 0; i < expected.Length; i++)
        {
            if (Math.Abs(expected[i]) > floor)
                worst = Math.Max(worst, Error(expected[i], actual[i]) / Math.Abs(expected[i]));
        }

        context.Near(key + " relative", worst, relative.GetDouble());
    }

    /// <summary>The absolute tolerance of a tensor.</summary>
    public double Tolerance(string key) => _tolerances.GetProperty(key).GetProperty("tolerance").GetDouble();

    /// <summary>Compares a number of the json: 1e-9 relative, or 1e-4 where a network is involved.</summary>
    public static void Compare(CaseContext context, string what, JsonElement expected, double actual, bool network = false)
    {
        var number = expected.GetDouble();
        context.Near(what, number, actual, (network ? 1e-4 : 1e-9) * Math.Abs(number));
    }

    /// <summary>Compares a list of json numbers; the tolerance is relative to the largest of them.</summary>
    public static void Compare(CaseContext context, string what, JsonElement expected, IReadOnlyList<double> actual, bool network = false)
    {
        var numbers = Doubles(expected);
        if (numbers.Length != actual.Count)
            context.Fail($"{what}: {actual.Count} values, expected {numbers.Length}");
        else
            context.Near(what, Worst(numbers, actual), (network ? 1e-4 : 1e-9) * numbers.Select(Math.Abs).DefaultIfEmpty().Max());
    }

    public static double[] Doubles(JsonElement array) => [.. array.EnumerateArray().Select(item => item.GetDouble())];

    public static int[] Ints(JsonElement array) => [.. array.EnumerateArray().Select(item => item.GetInt32())];

    public static string[] Texts(JsonElement array) => [.. array.EnumerateArray().Select(item => item.GetString()!)];

    private static long[] Flat(long[] shape) => shape.Length == 0 ? [1] : shape;

    private static double Worst(double[] expected, IReadOnlyList<double> actual)
    {
        var worst = 0.0;
        for (var i = 0; i < expected.Length; i++)
            worst = Math.Max(worst, Error(expected[i], actual[i]));
        return worst;
    }

    private static double Error(double expected, double actual)
    {
        var error = expected.Equals(actual) ? 0 : Math.Abs(expected - actual);
        return double.IsNaN(error) ? double.PositiveInfinity : error;
    }

    public void Dispose() => _tensors?.Dispose();
}
