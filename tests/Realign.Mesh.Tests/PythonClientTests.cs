using System.Diagnostics;
using System.Text.Json;
using Realign.Testing;
using Shouldly;
using Xunit;

namespace Realign.Mesh.Tests;

/// <summary>A client in another language, made from the .proto files alone with what Debian ships.</summary>
public sealed class PythonClientTests(RunningMesh mesh)
{
    private const string Python = "/usr/bin/python3";

    [Fact]
    public async Task PythonClient_CallsEveryService()
    {
        var plugin = await RequireToolsAsync();
        var stubs = Directory.CreateTempSubdirectory("realign-python").FullName;
        try
        {
            var protos = Path.Combine(Checkout.Root, "protos");
            _ = await RunAsync("protoc", [$"--proto_path={protos}", $"--python_out={stubs}", $"--grpc_python_out={stubs}",
                $"--plugin=protoc-gen-grpc_python={plugin}",
                .. Directory.EnumerateFiles(Path.Combine(protos, "realign", "v1"), "*.proto")]);

            var output = await RunAsync(Python, [Path.Combine(AppContext.BaseDirectory, "client.py"), stubs,
                .. new[] { mesh.Generator, mesh.Captioner, mesh.Tagger, mesh.SceneScorer, mesh.Segmenter, mesh.Gateway }.Select(service =>
                    new Uri(service.Address).Authority)]);

            using var answers = JsonDocument.Parse(output);
            var root = answers.RootElement;
            root.GetProperty("png").GetString().ShouldBe("89504e47");
            root.GetProperty("steps").GetInt32().ShouldBeGreaterThan(1);
            root.GetProperty("caption").GetString().ShouldNotBeNullOrEmpty();
            var tags = root.GetProperty("tags").EnumerateArray().Select(tag => tag.GetString()!).ToList();
            tags.ShouldNotBeEmpty();
            root.GetProperty("scene").EnumerateObject().Select(entry => entry.Name).Take(tags.Count).ShouldBe(tags);
            root.GetProperty("segments").GetArrayLength().ShouldBe(tags.Count);
            root.GetProperty("verdicts").EnumerateArray().Select(verdict => verdict.GetString()).ShouldBe(["VERDICT_CONFIRMED", "VERDICT_CONFIRMED"]);
            root.GetProperty("reward").GetDouble().ShouldBeLessThan(0);
            root.GetProperty("gradient").GetInt32().ShouldBe(3 * 64 * 64 * sizeof(float));
            root.GetProperty("refused").GetString().ShouldBe("INVALID_ARGUMENT");
        }
        finally
        {
            Directory.Delete(stubs, recursive: true);
        }
    }

    /// <summary>Path of the generator plugin. A laptop without the packages skips the test; CI fails.</summary>
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
        exitCode.ShouldBe(0, error);
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
