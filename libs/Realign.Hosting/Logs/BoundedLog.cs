using System.Text;
using Realign.Core.Files;

namespace Realign.Hosting.Logs;

/// <summary>
/// Standard output and error of a process that appends both to one file. A full file is copied to the youngest of <see cref="OlderLogs"/> and begins
/// anew; what the runtime and native libraries write past this class, such as the last words of a crash, ends in the same file.
/// </summary>
/// <param name="output">Appends to the file.</param>
/// <param name="path">The file.</param>
/// <param name="limit">Bytes; only the line that crosses it may be beyond.</param>
internal sealed class BoundedLog(Stream output, string path, long limit) : TextWriter
{
    private readonly Lock _lock = new();

    public override Encoding Encoding { get; } = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false);

    /// <summary>Bounds the console of this process, if the launcher says that it is a file, and it is that one.</summary>
    /// <param name="limit">Bytes.</param>
    public static void Install(long limit)
    {
        if (Environment.GetEnvironmentVariable(OlderLogs.PathVariable) is not { Length: > 0 } path || !IsTarget(1, path) || !IsTarget(2, path))
            return;
        var log = new BoundedLog(Console.OpenStandardOutput(), path, limit);
        Console.SetOut(log);
        Console.SetError(log);
    }

    public override void Write(char value) => Write([value]);

    public override void Write(char[] buffer, int index, int count) => Write(buffer.AsSpan(index, count));

    public override void Write(string? value) => Write(value.AsSpan());

    public override void Write(ReadOnlySpan<char> buffer)
    {
        var bytes = new byte[Encoding.GetByteCount(buffer)];
        _ = Encoding.GetBytes(buffer, bytes);
        lock (_lock)
        {
            output.Write(bytes);
            if (buffer.EndsWith('\n') && new FileInfo(path) is { Exists: true } file && file.Length > limit)
                BeginAnew();
        }
    }

    // the file stays the same one: others hold it open for appending
    private void BeginAnew()
    {
        try
        {
            File.Copy(path, OlderLogs.MakeRoom(path), overwrite: true);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // where no older one can be kept, as on a full disk, the bound holds all the same
        }

        using var file = new FileStream(path, FileMode.Truncate, FileAccess.Write, FileShare.ReadWrite);
    }

    private static bool IsTarget(int descriptor, string path) =>
        File.Exists($"/proc/self/fd/{descriptor}") && File.ResolveLinkTarget($"/proc/self/fd/{descriptor}", returnFinalTarget: false)?.FullName == path;
}
