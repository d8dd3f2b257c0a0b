namespace Realign.Onnx;

/// <summary>How a graph is run.</summary>
public sealed record OnnxModelOptions
{
    /// <summary>Threads of one operator, at least 1; 0 = all cores.</summary>
    public int Threads { get; init; }

    /// <summary>Where it runs.</summary>
    public OnnxDevice Device { get; init; } = OnnxDevice.Cpu;
}
