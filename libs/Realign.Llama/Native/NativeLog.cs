using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Realign.Llama.Native;

/// <summary>
/// Takes the library's log lines off stderr. Errors of the thread that asked are kept, because the library explains a failed load nowhere else.
/// </summary>
internal static unsafe class NativeLog
{
    private const int ErrorLevel = 4;
    private const int MaxLines = 8;

    [ThreadStatic]
    private static List<string>? _errors;

    /// <summary>Errors of this thread since the last call.</summary>
    public static IReadOnlyList<string> TakeErrors()
    {
        var errors = _errors ?? [];
        _errors = null;
        return errors;
    }

    /// <summary>Routes the library's log here.</summary>
    public static void Install() => NativeMethods.LogSet(&Write, null);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Write(int level, byte* text, void* userData)
    {
        if (level != ErrorLevel || text is null)
            return;
        _errors ??= [];
        if (_errors.Count < MaxLines && Marshal.PtrToStringUTF8((nint)text)?.Trim() is { Length: > 0 } line)
            _errors.Add(line);
    }
}
