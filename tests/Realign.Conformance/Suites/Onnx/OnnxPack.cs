using System.Runtime.InteropServices;
using System.Text.Json;
using Realign.Onnx;
using Realign.Safetensors;

namespace Realign.Conformance.Suites.Onnx;

/// <summary>Reads what the folders of <c>onnx/</c> have in common.</summary>
internal static class OnnxPack
{
    public static JsonElement Json(params string[] path)
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(path)));
        return document.RootElement.Clone();
    }

    public static OnnxTensor Tensor(SafetensorsFile file, string key)
    {
        var entry = file.Entries[key];
        long[] shape = [.. entry.Shape];
        var bytes = file.Bytes(key);
        return entry.DType switch
        {
            SafetensorsDType.F32 => OnnxTensor.Create(MemoryMarshal.Cast<byte, float>(bytes).ToArray(), shape),
            SafetensorsDType.F16 => OnnxTensor.Create(MemoryMarshal.Cast<byte, Half>(bytes).ToArray(), shape),
            SafetensorsDType.I64 => OnnxTensor.Create(MemoryMarshal.Cast<byte, long>(bytes).ToArray(), shape),
            SafetensorsDType.I32 => OnnxTensor.Create(MemoryMarshal.Cast<byte, int>(bytes).ToArray(), shape),
            SafetensorsDType.U8 => OnnxTensor.Create(bytes.ToArray(), shape),
            SafetensorsDType.Bool => OnnxTensor.Create(Array.ConvertAll(bytes.ToArray(), value => value != 0), shape),
            _ => throw new NotSupportedException($"{key} is {entry.DType}"),
        };
    }

    public static int[] Ints(this JsonElement element) => [.. element.EnumerateArray().Select(value => value.GetInt32())];

    public static float[] Singles(this JsonElement element) => [.. element.EnumerateArray().Select(value => value.GetSingle())];

    public static double[] Doubles(this JsonElement element) => [.. element.EnumerateArray().Select(value => value.GetDouble())];

    public static string[] Strings(this JsonElement element) => [.. element.EnumerateArray().Select(value => value.GetString()!)];

    public static string Text(this JsonElement element, string name) => element.GetProperty(name).GetString()!;

    /// <summary>A property that may be absent or null.</summary>
    public static JsonElement? Maybe(this JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind is not JsonValueKind.Null ? value : null;
}
