using System.Runtime.CompilerServices;
using Realign.Safetensors;
using static TorchSharp.torch;

namespace Realign.Torch.Weights;

/// <summary>
/// Reads one tensor for a placement. Where the file already has the wanted type and its bytes are aligned, the tensor is a
/// copy-on-write view of the mapped file and nothing is read before it is used.
/// </summary>
internal static class WeightReader
{
    private static readonly ConditionalWeakTable<SafetensorsFile, Dictionary<ScalarType, Tensor>> Maps = [];

    public static Tensor Read(SafetensorsFile file, string key, TorchPlacement placement)
    {
        var entry = file.Entries[key];
        var type = entry.DType.ToScalarType();
        var isFloat = type is ScalarType.Float16 or ScalarType.BFloat16 or ScalarType.Float32 or ScalarType.Float64;
        var wanted = isFloat ? placement.DType : type;
        var onCpu = placement.Device.type == TorchSharp.DeviceType.CPU;
        if (onCpu && type == wanted && entry.LengthBytes > 0 && entry.Offset % entry.DType.SizeBytes() == 0)
            return MapWhole(file, type, entry.DType.SizeBytes()).narrow(0, entry.Offset / entry.DType.SizeBytes(), entry.Count).view([.. entry.Shape]);
        return TensorConvert.Read(file, key).to(wanted, placement.Device);
    }

    private static Tensor MapWhole(SafetensorsFile file, ScalarType type, int elementBytes)
    {
        var maps = Maps.GetValue(file, static _ => []);
        if (!maps.TryGetValue(type, out var map))
        {
            var elements = new FileInfo(file.Path).Length / elementBytes;
            map = from_file(file.Path, shared: false, elements, type).DetachFromDisposeScope();
            maps.Add(type, map);
        }

        return map;
    }
}
