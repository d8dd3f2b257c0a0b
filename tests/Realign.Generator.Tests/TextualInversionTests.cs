using System.Runtime.InteropServices;
using Grpc.Core;
using Realign.Safetensors;
using Realign.Testing;
using Realign.V1;
using Shouldly;
using Xunit;

namespace Realign.Generator.Tests;

/// <summary>Embeddings of a call over real gRPC: they change its picture and no other, and words keep their places.</summary>
public sealed class TextualInversionTests : IAsyncLifetime
{
    private const int Width = 128;
    private const int Vectors = 3;

    private readonly string _folder = Directory.CreateTempSubdirectory("embeddings").FullName;
    private readonly string _adapters = Directory.CreateTempSubdirectory("adapters").FullName;
    private TestService _service = null!;

    public async ValueTask InitializeAsync()
    {
        Write("zebra-x", Vectors, Width);
        Directory.CreateDirectory(Path.Combine(_folder, "bad"));
        Write("bad/hands-y", 2, Width);
        Write("car", 1, Width);
        Write("other-model", 2, 768);
        File.WriteAllText(Path.Combine(_folder, "broken.safetensors"), "no tensors");
        File.WriteAllText(Path.Combine(_folder, "old.pt"), "pickle");
        WriteAdapter();
        _service = await TestService.StartAsync(GeneratorApp.Build, $"--Generator:Embeddings={_folder}", $"--Generator:Adapters={_adapters}");
    }

    [Fact]
    public async Task Embedding_ChangesThePictureOfPromptsThatNameIt_AndNoOther()
    {
        var plain = await ResultAsync(Requests.Prompt);
        var word = await ResultAsync("a zebra-x and a green apple");
        var drawn = await ResultAsync("a zebra-x and a green apple", request => Add(request, "zebra-x"));
        var token = await ResultAsync("a <animal> and a green apple", request => Add(request, "zebra-x", "<animal>"));
        var comfy = await ResultAsync("a embedding:zebra-x and a green apple", request => Add(request, "zebra-x"));
        var negative = await ResultAsync(Requests.Prompt, request =>
        {
            request.NegativePrompt = "hands-y";
            Add(request, "bad/hands-y");
        });
        var unnamed = await ResultAsync(Requests.Prompt, request => Add(request, "zebra-x"));

        Png(drawn).ShouldNotBe(Png(word));
        Png(token).ShouldBe(Png(drawn));
        Png(comfy).ShouldBe(Png(drawn));
        Png(negative).ShouldNotBe(Png(plain));
        negative.Ignored.ShouldBeEmpty();
        Png(unnamed).ShouldBe(Png(plain));
        unnamed.Ignored.ShouldHaveSingleItem().Field.ShouldBe("textual_inversions[0]");
        Png(await ResultAsync("a zebra-x and a green apple")).ShouldBe(Png(word));
    }

    [Fact]
    public async Task SegmentsAndHeatMaps_StayWithTheirWords_AndReadersMayCallTheEmbeddingByPlainWords()
    {
        var result = await ResultAsync("a <zebra-x> and a green apple", request =>
        {
            Add(request, "zebra-x", "<zebra-x>");
            request.HeatMaps = true;
            request.NumInferenceSteps = 1;
            request.Modulation = new Modulation { Segments = { Requests.Left("zebra x"), Requests.Right("green apple") } };
        });

        result.EffectivePrompt.ShouldBe("a <zebra-x> and a green apple");
        result.Segments[0].Phrase.ShouldBe("zebra x");
        result.Segments[0].TokenIndices.ShouldBe([2, 3, 4]);
        var plain = await ResultAsync("a red and a green apple", request =>
            request.Modulation = new Modulation { Segments = { Requests.Right("green apple") } });
        result.Segments[1].TokenIndices.ShouldBe(plain.Segments[0].TokenIndices.Select(index => index + Vectors - 1));
        result.HeatMaps.Select(map => map.Word).ShouldBe(["a", "<zebra-x>", "and", "a", "green", "apple"]);
        result.HeatMaps[1].TokenIndices.ShouldBe([2, 3, 4]);
    }

    [Fact]
    public async Task EmbeddingBundledInAnAdapter_IsThatOfAFile_AndGoesWithTheAdapter()
    {
        var word = await ResultAsync("a bundled-x and a green apple");
        var ofFile = await ResultAsync("a bundled-x and a green apple", request => Add(request, "zebra-x", "bundled-x"));
        var bundled = await ResultAsync("a bundled-x and a green apple", request => request.Adapters.Add(new Adapter { Name = "with-embedding" }));

        Png(ofFile).ShouldNotBe(Png(word));
        Png(bundled).ShouldBe(Png(ofFile));
        Png(await ResultAsync("a bundled-x and a green apple")).ShouldBe(Png(word));
    }

    [Fact]
    public async Task LongPrompt_ReportsTheEmbeddingThatDidNotFit_ByItsWord()
    {
        var result = await ResultAsync(string.Join(' ', Enumerable.Repeat("blue", 30)) + " <zebra-x> car", request =>
        {
            Add(request, "zebra-x", "<zebra-x>");
            request.NumInferenceSteps = 1;
        });

        result.TruncatedPrompt.ShouldBe("<zebra-x> car");
    }

    [Theory]
    [InlineData("nowhere", null, StatusCode.NotFound, "use one of bad/hands-y, broken, car, other-model, zebra-x")]
    [InlineData("../embeddings/zebra-x", null, StatusCode.NotFound, "there is no such embedding")]
    [InlineData("other-model", null, StatusCode.FailedPrecondition, "Stable Diffusion 1.x (text width 768)")]
    [InlineData("broken", null, StatusCode.FailedPrecondition, "cannot be read as a safetensors file")]
    [InlineData("old", null, StatusCode.FailedPrecondition, "convert it to .safetensors")]
    [InlineData("car", null, StatusCode.InvalidArgument, "textual_inversions[0].token = car")]
    [InlineData("zebra-x", "two words", StatusCode.InvalidArgument, "textual_inversions[0].token")]
    [InlineData("zebra-x", "<>", StatusCode.InvalidArgument, "textual_inversions[0].token")]
    [InlineData("zebra-x", "", StatusCode.InvalidArgument, "textual_inversions[0].token")]
    [InlineData("", null, StatusCode.InvalidArgument, "textual_inversions[0].name")]
    public async Task EmbeddingThatCannotBeUsed_IsRefusedByName_AndTheServiceDrawsOn(string name, string? token, StatusCode code, string problem)
    {
        var failure = await TestService.FailsAsync(() => ResultAsync(Requests.Prompt, request => Add(request, name, token)));

        failure.StatusCode.ShouldBe(code);
        failure.Status.Detail.ShouldContain(problem);
        failure.Status.Detail.ShouldNotContain(_folder);
        (await ResultAsync(Requests.Prompt)).Images.Count.ShouldBe(1);
    }

    [Fact]
    public async Task TooManyEmbeddings_AreInvalidArgument() => (await TestService.FailsAsync(() => ResultAsync(Requests.Prompt, request =>
    {
        for (var i = 0; i < 17; i++)
            Add(request, "zebra-x", $"<word-{i}>");
    }))).Status.Detail.ShouldContain("textual_inversions");

    public async ValueTask DisposeAsync()
    {
        await _service.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
        Directory.Delete(_adapters, recursive: true);
    }

    private static byte[] Png(GenerateResult result) => result.Images[0].Png.ToByteArray();

    private static void Add(GenerateRequest request, string name, string? token = null)
    {
        var embedding = new TextualInversion { Name = name };
        if (token is not null)
            embedding.Token = token;
        request.TextualInversions.Add(embedding);
    }

    private async Task<GenerateResult> ResultAsync(string prompt, Action<GenerateRequest>? change = null)
    {
        var request = Requests.Plain(change);
        request.Prompt = prompt;
        return (await RunningGenerator.EventsAsync(new GeneratorService.GeneratorServiceClient(_service.Channel), request))[^1].Result;
    }

    private void Write(string name, int vectors, int width) =>
        SafetensorsWriter.Write(Path.Combine(_folder, $"{name}.safetensors"),
            [("emb_params", SafetensorsDType.F32, [vectors, width], Numbers(vectors, width))]);

    // a pair that changes nothing, and the vectors of zebra-x
    private void WriteAdapter()
    {
        const string Layer = "unet.mid_block.attentions.0.transformer_blocks.0.attn2.to_v";
        SafetensorsWriter.Write(Path.Combine(_adapters, "with-embedding.safetensors"),
        [
            ($"{Layer}.lora_A.weight", SafetensorsDType.F32, [1, Width], new byte[4 * Width]),
            ($"{Layer}.lora_B.weight", SafetensorsDType.F32, [192, 1], new byte[4 * 192]),
            ("bundle_emb.bundled-x.string_to_param.*", SafetensorsDType.F32, [Vectors, Width], Numbers(Vectors, Width)),
        ]);
    }

    private static byte[] Numbers(int vectors, int width)
    {
        var random = new Random(vectors);
        var values = Enumerable.Range(0, vectors * width).Select(_ => (float)(random.NextDouble() - 0.5)).ToArray();
        return MemoryMarshal.AsBytes(values.AsSpan()).ToArray();
    }
}
