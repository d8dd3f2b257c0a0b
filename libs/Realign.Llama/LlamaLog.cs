using LLama.Native;

namespace Realign.Llama;

/// <summary>
/// Takes the library's log lines off stderr. Errors of the thread that asked are kept, because the library explains a failed load nowhere else.
/// </summary>
internal static class LlamaLog
{
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

    /// <summary>Called by native code: must not throw.</summary>
    public static void Write(LLamaLogLevel level, string? message)
    {
        if (level != LLamaLogLevel.Error)
            return;
        _errors ??= [];
        if (_errors.Count < MaxLines && message?.Trim() is { Length: > 0 } line)
            _errors.Add(line);
    }
}
