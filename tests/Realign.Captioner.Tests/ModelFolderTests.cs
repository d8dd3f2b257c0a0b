using System.Text;
using Grpc.Core;
using Grpc.Health.V1;
using Realign.Testing;
using Realign.V1;
using Shouldly;
using Xunit;

namespace Realign.Captioner.Tests;

/// <summary>Model folders that do not fit: the process stays up, says what is wrong, and its other models serve.</summary>
public sealed class ModelFolderTests
{
    public static TheoryData<string, string> BadFolders => new()
    {
        { "not there", "nothing at" },
        { "no weights", "model.safetensors is missing" },
        { "truncated", "model.safetensors" },
        { "pickle", "is a pickle" },
        { "wrong shapes", "language_model.model.decoder.layers.0.fc1.weight" },
        { "missing keys", "missing key 'language_model.model.decoder.layers.3." },
        { "unknown activation", "text_config.activation_function = 'swish'" },
        { "unknown family", "model_type = 'git'" },
        { "no tokenizer", "vocab.json" },
        { "other image size", "preprocessor_config.json" },
    };

    [Theory]
    [MemberData(nameof(BadFolders))]
    public async Task BadFolder_SaysWhy(string kind, string expected)
    {
        using var folder = new ModelCopy("captioner");
        var path = folder.Path;
        var weights = Path.Combine(path, "model.safetensors");
        switch (kind)
        {
            case "not there":
                path += "-not-there";
                break;
            case "no weights":
                File.Delete(weights);
                break;
            case "truncated":
                folder.Rewrite("model.safetensors", bytes => bytes[..(bytes.Length / 2)]);
                break;
            case "pickle":
                File.Move(weights, Path.Combine(path, "pytorch_model.bin"));
                break;
            case "wrong shapes":
                Replace(folder, "config.json", "\"ffn_dim\": 512", "\"ffn_dim\": 256");
                break;
            case "missing keys":
                Replace(folder, "config.json", "\"num_hidden_layers\": 3", "\"num_hidden_layers\": 4");
                break;
            case "unknown activation":
                Replace(folder, "config.json", "\"activation_function\": \"relu\"", "\"activation_function\": \"swish\"");
                break;
            case "unknown family":
                Replace(folder, "config.json", "\"model_type\": \"blip-2\"", "\"model_type\": \"git\"");
                break;
            case "no tokenizer":
                File.Delete(Path.Combine(path, "vocab.json"));
                break;
            case "other image size":
                Replace(folder, "preprocessor_config.json", "64", "96");
                break;
        }

        await RefusedAsync(path, expected);
    }

    [Fact]
    public async Task MissingShard_IsNamed()
    {
        using var folder = ModelCopy.Of(Path.Combine(ConformancePack.Require(), "vision-language", "blip2-opt", "snapshot"));
        var shard = Directory.EnumerateFiles(folder.Path, "model-*.safetensors").Order(StringComparer.Ordinal).Last();
        File.Delete(shard);

        await RefusedAsync(folder.Path, Path.GetFileName(shard));
    }

    private static async Task RefusedAsync(string path, string expected)
    {
        await using var service = await TestService.StartAsync(CaptionerApp.Build, $"--Captioner:Model={path}");
        var client = CaptionerServiceTests.Client(service);

        var failure = await TestService.FailsAsync(() => client.CaptionAsync(new CaptionRequest { Image = Scenes.Encoded() }).ResponseAsync);

        failure.StatusCode.ShouldBe(StatusCode.FailedPrecondition);
        failure.Status.Detail.ShouldContain("captioner is not loaded");
        failure.Status.Detail.ShouldContain(expected);
        (await service.HealthAsync()).ShouldBe(HealthCheckResponse.Types.ServingStatus.NotServing);
        var clip = await client.EmbedTextAsync(new EmbedTextRequest { Texts = { "a red car" } }).ResponseAsync.DefaultTimeout();
        clip.Model.Family.ShouldBe("clip");
    }

    private static void Replace(ModelCopy folder, string file, string from, string to) => folder.Rewrite(file, bytes =>
    {
        var text = Encoding.UTF8.GetString(bytes);
        text.ShouldContain(from);
        return Encoding.UTF8.GetBytes(text.Replace(from, to, StringComparison.Ordinal));
    });
}
