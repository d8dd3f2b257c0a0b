using System.Text.Json;
using Realign.Testing;
using Shouldly;
using Xunit;

namespace Realign.Mesh.Tests;

/// <summary>A client in another language, made from the .proto files alone with what Debian ships.</summary>
public sealed class PythonClientTests(RunningMesh mesh)
{
    [Fact]
    public async Task PythonClient_CallsEveryService()
    {
        var output = await PythonClient.RunAsync(
            Path.Combine(AppContext.BaseDirectory, "client.py"),
            Directory.EnumerateFiles(Path.Combine(Checkout.Root, "protos", "realign", "v1"), "*.proto"),
            new[] { mesh.Generator, mesh.Captioner, mesh.Tagger, mesh.SceneScorer, mesh.Segmenter, mesh.Gateway }.Select(service =>
                new Uri(service.Address).Authority));

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

    [Fact]
    public async Task PythonClientOfTheOpenInferenceProtocol_CallsEveryService()
    {
        var output = await PythonClient.RunAsync(
            Path.Combine(AppContext.BaseDirectory, "inference_client.py"), ["inference/model_config.proto", "inference/grpc_service.proto"],
            new[] { mesh.Generator, mesh.Captioner, mesh.Tagger, mesh.SceneScorer, mesh.Segmenter, mesh.Gateway }.Select(service =>
                new Uri(service.Address).Authority));

        using var answers = JsonDocument.Parse(output);
        var root = answers.RootElement;
        root.GetProperty("models").EnumerateArray().Select(model => model.GetString()).ShouldBe(
            ["realigndiff-unet", "blip2", "ram", "vicuna", "grounded-sam", "realigndiff"]);
        root.GetProperty("png").GetString().ShouldBe("89504e47");
        root.GetProperty("caption").GetString().ShouldNotBeNullOrEmpty();
        root.GetProperty("tags").GetArrayLength().ShouldBeGreaterThan(0);
        root.GetProperty("scores").GetArrayLength().ShouldBeGreaterThanOrEqualTo(root.GetProperty("tags").GetArrayLength());
        root.GetProperty("masks").EnumerateArray().Last().GetInt32().ShouldBe(64);
        root.GetProperty("steps").GetInt32().ShouldBeGreaterThan(1);
        root.GetProperty("stages").EnumerateArray().Select(stage => stage.GetString()).ShouldContain("COARSE");
        root.GetProperty("final").EnumerateArray().Select(isFinal => isFinal.GetBoolean()).Count(isFinal => isFinal).ShouldBe(1);
        root.GetProperty("realigned").GetString().ShouldBe("89504e47");
        root.GetProperty("id").GetString().ShouldBe("request-1");
        root.GetProperty("codes").EnumerateArray().Select(code => code.GetString()).ShouldBe(
            ["INVALID_ARGUMENT", "NOT_FOUND", "UNIMPLEMENTED", "PERMISSION_DENIED", "CANCELLED"]);
        // a service that has measured how long that takes refuses it at once
        root.GetProperty("late").GetString().ShouldBeOneOf("DEADLINE_EXCEEDED", "RESOURCE_EXHAUSTED");
        root.GetProperty("stream_error").GetString()!.ShouldContain("prompt");
        root.GetProperty("after_error").GetString().ShouldBe("89504e47");
        root.GetProperty("stream_status").GetString().ShouldBe("INVALID_ARGUMENT");
        root.GetProperty("successes").GetInt32().ShouldBeGreaterThan(0);
    }
}
