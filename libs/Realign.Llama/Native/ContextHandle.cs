namespace Realign.Llama.Native;

/// <summary>Owns a <c>llama_context</c>.</summary>
internal sealed class ContextHandle : ChildHandle
{
    protected override void Free(nint pointer) => NativeMethods.ContextFree(pointer);
}
