using System.Runtime.InteropServices;

namespace Realign.Llama.Native;

/// <summary><c>llama_model_params</c> of v0.5.0: 80 bytes. Always starts from the library's own defaults.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct LlamaModelParams
{
    public void* Devices;
    public void* TensorBufferOverrides;
    public int GpuLayers;
    public int SplitMode;
    public int LoadMode;
    public int LazyMode;
    public int MainGpu;
    private readonly int _padding0;
    public float* TensorSplit;
    public void* ProgressCallback;
    public void* ProgressUserData;
    public void* KeyValueOverrides;
    public byte VocabularyOnly;
    public byte CheckTensors;
    public byte UseExtraBuffers;
    public byte NoHost;
    public byte NoAllocation;
    public byte LoadMtp;
    private readonly short _padding1;
}
