using Realign.Safetensors;
using static TorchSharp.torch;

namespace Realign.Torch.Weights;

/// <summary>Reads one tensor for a placement, into memory of its own: what happens to the file later does not reach it.</summary>
internal static class WeightReader
{
    /// <summary>The tensor, and what is wrong with its numbers (null = nothing). The caller's dispose scope owns it.</summary>
    public static (Tensor Tensor, string? Problem) Read(SafetensorsFile file, string key, TorchPlacement placement)
    {
        var tensor = TensorConvert.Read(file, key);
        var dtype = file.Entries[key].DType;
        string? problem = null;
        TensorConvert.EachPiece(tensor, (start, bytes) =>
        {
            if (problem is null && FiniteNumbers.FindOther(bytes, dtype) is >= 0 and var index)
                problem = SafetensorsFile.NonFinite(key, (start / dtype.SizeBytes()) + index);
        });
        var placed = tensor.to(tensor.is_floating_point() ? placement.DType : tensor.dtype, placement.Device);
        // float16 ends at 65504; bfloat16 has the range of float32
        if (problem is null && placed.dtype == ScalarType.Float16 && dtype is not SafetensorsDType.F16 && !placed.isfinite().all().item<bool>())
            problem = $"key '{key}' holds numbers beyond float16 (65504): compute in bfloat16 or float32";
        return (placed, problem);
    }
}
