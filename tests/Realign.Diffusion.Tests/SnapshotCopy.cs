using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Realign.Safetensors;
using Realign.Testing;

namespace Realign.Diffusion.Tests;

/// <summary>A copy of a snapshot that a test may change.</summary>
internal sealed class SnapshotCopy : IDisposable
{
    public const string UNetWeights = "unet/diffusion_pytorch_model.safetensors";

    public SnapshotCopy(string source)
    {
        foreach (var file in Directory.EnumerateFiles(source, "*", SearchOption.AllDirectories))
        {
            var copy = In(Path.GetRelativePath(source, file));
            _ = Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }
    }

    public static SnapshotCopy OfMiniature() => new(Checkout.Miniature("generator"));

    public string Folder { get; } = Directory.CreateTempSubdirectory("realign-snapshot").FullName;

    public string In(string path) => Path.Combine(Folder, path);

    public void Edit(string path, Action<JsonNode> change)
    {
        var node = JsonNode.Parse(File.ReadAllText(In(path)))!;
        change(node);
        File.WriteAllText(In(path), node.ToJsonString());
    }

    /// <summary>Puts a float32 tensor into a weight file, in the place of one of its name or as a new one.</summary>
    public void Put(string path, string key, long[] shape, float[] values)
    {
        List<(string Name, SafetensorsDType DType, IReadOnlyList<long> Shape, ReadOnlyMemory<byte> Data)> tensors;
        using (var file = SafetensorsFile.Open(In(path)))
        {
            tensors = [.. file.Entries.Values.Where(entry => entry.Name != key)
                .Select(entry => (entry.Name, entry.DType, entry.Shape, (ReadOnlyMemory<byte>)file.Bytes(entry.Name)))];
        }

        tensors.Add((key, SafetensorsDType.F32, shape, MemoryMarshal.AsBytes(values.AsSpan()).ToArray()));
        SafetensorsWriter.Write(In(path), tensors);
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
