using System.Runtime.InteropServices;
using Realign.Safetensors;

namespace Realign.Diffusion.Tests;

/// <summary>Embeddings made in a test.</summary>
internal sealed class EmbeddingFiles : IDisposable
{
    public string Folder { get; } = Directory.CreateTempSubdirectory("realign-embeddings").FullName;

    /// <summary>Writes a file with vectors of the given size under each key, and gives them.</summary>
    public Dictionary<string, float[]> Write(string name, params (string Key, long[] Shape)[] tensors)
    {
        var random = new Random(name.Length);
        var values = tensors.ToDictionary(tensor => tensor.Key, tensor =>
            Enumerable.Range(0, (int)tensor.Shape.Aggregate((a, b) => a * b)).Select(_ => (float)((random.NextDouble() - 0.5) * 0.5)).ToArray());
        var path = Path.Combine(Folder, name + ".safetensors");
        _ = Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        SafetensorsWriter.Write(path, tensors.Select(tensor => (tensor.Key, SafetensorsDType.F32, (IReadOnlyList<long>)tensor.Shape,
            (ReadOnlyMemory<byte>)MemoryMarshal.AsBytes(values[tensor.Key].AsSpan()).ToArray())));
        return values;
    }

    /// <summary>Writes a file of one tensor.</summary>
    public void Write(string name, string key, long[] shape, float[] values) => SafetensorsWriter.Write(
        Path.Combine(Folder, name + ".safetensors"), [(key, SafetensorsDType.F32, shape, MemoryMarshal.AsBytes(values.AsSpan()).ToArray())]);

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
