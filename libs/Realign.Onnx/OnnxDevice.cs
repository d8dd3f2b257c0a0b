namespace Realign.Onnx;

/// <summary>Where a graph runs.</summary>
public enum OnnxDevice
{
    /// <summary>The processor.</summary>
    Cpu,

    /// <summary>The first NVIDIA GPU; refused at load when the build or the machine lacks it.</summary>
    Cuda,
}
