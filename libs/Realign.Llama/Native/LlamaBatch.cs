using System.Runtime.InteropServices;

namespace Realign.Llama.Native;

/// <summary><c>llama_batch</c>: 56 bytes; points into buffers that the caller keeps alive.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct LlamaBatch
{
    public int TokenCount;
    private readonly int _padding0;
    public int* Tokens;
    public float* Embeddings;
    public int* Positions;
    public int* SequenceCounts;
    public int** SequenceIds;
    public sbyte* Logits;
}
