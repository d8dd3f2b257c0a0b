using System.Diagnostics;
using Shouldly;

namespace Realign.Core.Tests.Files;

/// <summary>A folder that is gone after the test.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("realign-files").FullName;

    public string Write(string name, byte[] content)
    {
        var path = At(name);
        _ = Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, content);
        return path;
    }

    public string Write(string name, string content) => Write(name, System.Text.Encoding.UTF8.GetBytes(content));

    public string Link(string name, string target)
    {
        var path = At(name);
        _ = Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        _ = File.CreateSymbolicLink(path, target);
        return path;
    }

    public string Pipe(string name)
    {
        using var process = Process.Start("mkfifo", At(name));
        process.WaitForExit();
        process.ExitCode.ShouldBe(0);
        return At(name);
    }

    public string At(string name) => System.IO.Path.Combine(Path, name);

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
