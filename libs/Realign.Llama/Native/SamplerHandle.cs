namespace Realign.Llama.Native;

/// <summary>Owns a <c>llama_sampler</c> (here always a grammar).</summary>
internal sealed class SamplerHandle : ChildHandle
{
    protected override void Free(nint pointer) => NativeMethods.SamplerFree(pointer);
}
