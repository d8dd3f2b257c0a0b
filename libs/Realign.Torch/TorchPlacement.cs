using Realign.Core.Errors;
using TorchSharp;
using static TorchSharp.torch;

namespace Realign.Torch;

/// <summary>Where a model lives and in which precision it computes.</summary>
/// <param name="Device">cpu or cuda.</param>
/// <param name="DType">float32, float16 or bfloat16.</param>
public sealed record TorchPlacement(Device Device, ScalarType DType)
{
    /// <summary>float32 on the CPU: the default, and the truth the other settings are compared with.</summary>
    public static TorchPlacement Cpu { get; } = new(CPU, ScalarType.Float32);

    /// <summary>Reads the two settings of a service.</summary>
    /// <param name="device"><c>cpu</c>, <c>cuda</c> or <c>cuda:N</c>.</param>
    /// <param name="dtype"><c>float32</c>, <c>float16</c> or <c>bfloat16</c>.</param>
    /// <exception cref="FailedPreconditionException">The setting is unknown, or there is no such device here.</exception>
    public static TorchPlacement Parse(string device, string dtype)
    {
        var type = dtype switch
        {
            "float32" => ScalarType.Float32,
            "float16" => ScalarType.Float16,
            "bfloat16" => ScalarType.BFloat16,
            _ => throw new FailedPreconditionException($"DType '{dtype}' is unknown", "use float32, float16 or bfloat16"),
        };
        if (device == "cpu")
            return new TorchPlacement(CPU, type);
        var index = 0;
        if (device != "cuda" && !(device.StartsWith("cuda:", StringComparison.Ordinal) && int.TryParse(device.AsSpan(5), out index) && index >= 0))
            throw new FailedPreconditionException($"Device '{device}' is unknown", "use cpu, cuda or cuda:N");
        if (!cuda_is_available())
        {
            throw new FailedPreconditionException($"Device '{device}' was asked for, but libtorch sees no CUDA device",
                "build with -p:Accelerator=cuda on a machine with an NVIDIA driver, or set Device to cpu");
        }

        return index < cuda.device_count()
            ? new TorchPlacement(new Device(DeviceType.CUDA, index), type)
            : throw new FailedPreconditionException($"Device '{device}' was asked for, there are {cuda.device_count()}", "use a smaller number");
    }
}
