using System.Runtime.InteropServices;

namespace Realign.Llama.Native;

/// <summary>Owns something that lives inside a model: the model is kept until the last child is gone, in whatever order they are disposed.</summary>
internal abstract class ChildHandle() : SafeHandle(0, ownsHandle: true)
{
    private ModelHandle? _parent;

    public override bool IsInvalid => handle == 0;

    /// <summary>Call once, right after the native object was created.</summary>
    public void KeepAlive(ModelHandle parent)
    {
        var added = false;
        parent.DangerousAddRef(ref added);
        _parent = parent;
    }

    protected abstract void Free(nint pointer);

    protected sealed override bool ReleaseHandle()
    {
        Free(handle);
        _parent?.DangerousRelease();
        return true;
    }
}
