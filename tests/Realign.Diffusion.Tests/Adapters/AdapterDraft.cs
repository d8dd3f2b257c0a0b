using System.Runtime.InteropServices;
using Realign.Safetensors;

namespace Realign.Diffusion.Tests.Adapters;

/// <summary>An adapter file in the making: float32 tensors with random numbers.</summary>
internal sealed class AdapterDraft(int seed = 3)
{
    private readonly Random _random = new(seed);
    private readonly List<(string Key, DoubleTensor Tensor)> _tensors = [];

    /// <summary>Texts of the header.</summary>
    public Dictionary<string, string> Metadata { get; } = [];

    /// <summary>A tensor of the layer: its numbers, for the formula.</summary>
    public DoubleTensor Add(string key, params long[] shape)
    {
        var tensor = DoubleTensor.Random(_random, shape);
        _tensors.Add((key, tensor));
        return tensor;
    }

    /// <summary>A tensor of one number.</summary>
    public double AddNumber(string key, double value)
    {
        _tensors.Add((key, DoubleTensor.Of([(float)value])));
        return value;
    }

    /// <summary>The numbers of a tensor, to be changed.</summary>
    public DoubleTensor TensorOf(string key) => _tensors.Find(item => item.Key == key).Tensor;

    /// <summary>The same tensors with keys spelled in another way.</summary>
    public AdapterDraft Respelled(Func<string, string> key)
    {
        var draft = new AdapterDraft();
        draft._tensors.AddRange(_tensors.Select(item => (key(item.Key), item.Tensor)));
        return draft;
    }

    public string Save(string file)
    {
        _ = Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        SafetensorsWriter.Write(file, _tensors.Select(item =>
        {
            var values = Array.ConvertAll(item.Tensor.Values, value => (float)value);
            return (item.Key, SafetensorsDType.F32, (IReadOnlyList<long>)item.Tensor.Shape,
                (ReadOnlyMemory<byte>)MemoryMarshal.AsBytes(values.AsSpan()).ToArray());
        }), Metadata.Count > 0 ? Metadata : null);
        return file;
    }
}
