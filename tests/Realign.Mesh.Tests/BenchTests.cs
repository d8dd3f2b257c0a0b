using System.Text.Json;
using Realign.Cli;
using Realign.Testing;
using Shouldly;
using Xunit;

namespace Realign.Mesh.Tests;

/// <summary><c>realign bench</c> on the real services.</summary>
public sealed class BenchTests(RunningMesh mesh)
{
    private static readonly string[] _short = ["--warm-up", "0", "--window", "0.1", "--max-windows", "3", "--json"];

    [Theory]
    [InlineData("health")]
    [InlineData("realign")]
    [InlineData("generate")]
    [InlineData("caption")]
    [InlineData("tag")]
    [InlineData("scene")]
    [InlineData("entities")]
    [InlineData("segment")]
    [InlineData("reward")]
    public async Task EveryShortName_IsMeasured(string method)
    {
        var service = method switch
        {
            "generate" => mesh.Generator,
            "caption" => mesh.Captioner,
            "tag" => mesh.Tagger,
            "scene" or "entities" => mesh.SceneScorer,
            "segment" => mesh.Segmenter,
            _ => mesh.Gateway,
        };
        using var output = new StringWriter();
        using var error = new StringWriter();

        var code = await RealignCli.RunAsync(["bench", method, "--num-inference-steps", "2", "--address", service.Address, .. _short], output, error)
            .DefaultTimeout();

        code.ShouldBe(ExitCodes.Success, error.ToString());
        using var json = JsonDocument.Parse(output.ToString());
        var load = json.RootElement.GetProperty("loads")[0];
        load.GetProperty("codes").EnumerateObject().Select(entry => entry.Name).ShouldBe(["OK"]);
        var latency = load.GetProperty("latency_ms");
        latency.GetProperty("count").GetInt32().ShouldBeGreaterThan(0);
        latency.GetProperty("p99").GetDouble().ShouldBeGreaterThanOrEqualTo(latency.GetProperty("p50").GetDouble());
        load.TryGetProperty("first_message_ms", out var first).ShouldBeTrue();
        (first.ValueKind == JsonValueKind.Object).ShouldBe(method is "realign" or "generate");
    }
}
