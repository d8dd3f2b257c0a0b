using System.Diagnostics;
using Xunit;

namespace Realign.Testing;

/// <summary>A client in Python, made from .proto files with what Debian ships.</summary>
public static class PythonClient
{
    private const string Python = "/usr/bin/python3";

    /// <summary>
    /// Makes stubs and runs a script; its arguments are the folder with the stubs and those given. A laptop without the tools skips the test.
    /// </summary>
    /// <param name="script">Path of the script.</param>
    /// <param name="protos">Paths below the folder of the protos, each with its messages and services.</param>
    /// <param name="arguments">Further arguments.</param>
    /// <returns>What it printed.</returns>
    public static async Task<string> RunAsync(string script, IEnumerable<string> protos, params IEnumerable<string> arguments)
    {
        var plugin = await RequireToolsAsync();
        var root = Path.Combine(Checkout.Root, "protos");
        var stubs = Directory.CreateTempSubdirectory("realign-python").FullName;
        try
        {
            _ = await RunAsync("protoc", [$"--proto_path={root}", $"--python_out={stubs}", $"--grpc_python_out={stubs}",
                $"--plugin=protoc-gen-grpc_python={plugin}", .. protos.Select(proto => Path.Combine(root, proto))]);
            return await RunAsync(Python, [script, stubs, .. arguments]);
        }
        finally
        {
            Directory.Delete(stubs, recursive: true);
        }
    }

    /// <summary>Path of the generator plugin; CI fails without it.</summary>
    private static async Task<string> RequireToolsAsync()
    {
        var plugin = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Select(folder => Path.Combine(folder, "grpc_python_plugin"))
            .FirstOrDefault(File.Exists);
        var compiler = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, "protoc")));
        if (plugin is not null && compiler && File.Exists(Python) && (await StartAsync(Python, ["-c", "import grpc"])).ExitCode == 0)
            return plugin;
        const string Reason = "no Python gRPC here: apt-get install python3-grpcio protobuf-compiler protobuf-compiler-grpc";
        if (Environment.GetEnvironmentVariable("CI") is { Length: > 0 })
            Assert.Fail(Reason);
        Assert.Skip(Reason);
        return "";
    }

    private static async Task<string> RunAsync(string program, IEnumerable<string> arguments)
    {
        var (exitCode, output, error) = await StartAsync(program, arguments);
        Assert.True(exitCode == 0, error);
        return output;
    }

    private static async Task<(int ExitCode, string Output, string Error)> StartAsync(string program, IEnumerable<string> arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        try
        {
            await process.WaitForExitAsync().DefaultTimeout();
        }
        catch (TimeoutException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }

        return (process.ExitCode, await output, await error);
    }
}
