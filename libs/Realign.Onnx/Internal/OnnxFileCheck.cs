using System.Text;
using Realign.Core.Errors;

namespace Realign.Onnx.Internal;

/// <summary>Download mistakes that are visible in the first bytes of a file, named before the runtime calls them "protobuf parsing failed".</summary>
internal static class OnnxFileCheck
{
    private const string DownloadAgain = "download the file again, from the publisher's page or with its own tool, and compare its size";

    /// <exception cref="ModelLoadException">The file is not there, empty, or visibly something else than a graph.</exception>
    public static void Check(string path)
    {
        if (Directory.Exists(path))
            throw new ModelLoadException(path, "this is a folder", "name the .onnx file inside it");
        var head = new byte[64];
        int read;
        try
        {
            using var stream = File.OpenRead(path);
            read = stream.ReadAtLeast(head, head.Length, throwOnEndOfStream: false);
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new ModelLoadException(path, "there is no such file", "check the path", exception);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new ModelLoadException(path, "the file cannot be opened", "check its permissions", exception);
        }

        if (read == 0)
            throw new ModelLoadException(path, "the file is empty", DownloadAgain);
        if (Problem(head.AsSpan(0, read)) is { } problem)
            throw new ModelLoadException(path, problem.Problem, problem.WayOut);
    }

    private static (string Problem, string WayOut)? Problem(ReadOnlySpan<byte> head)
    {
        var text = Encoding.Latin1.GetString(head).TrimStart();
        if (text.StartsWith("version https://git-lfs", StringComparison.Ordinal))
            return ("this is a Git LFS pointer, not the file it points to", "run 'git lfs pull' in the repository it came from, or download the file itself");
        if (text.StartsWith('<'))
            return ("this is a web page, probably an error page of the server it was downloaded from", DownloadAgain);
        if (head.StartsWith("PK\x3\x4"u8) || head.StartsWith((ReadOnlySpan<byte>)[0x80, 0x02]))
            return ("this is a PyTorch file, which runs code when loaded, not an ONNX graph", "download the model's ONNX export");
        return head.StartsWith("GGUF"u8) ? ("this is a GGUF file, not an ONNX graph", "download the model's ONNX export") : null;
    }
}
