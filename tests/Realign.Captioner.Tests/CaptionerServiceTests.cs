using System.Runtime.InteropServices;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Health.V1;
using Realign.Testing;
using Realign.V1;
using Shouldly;
using Xunit;
using Image = Realign.V1.Image;

namespace Realign.Captioner.Tests;

/// <summary>The Captioner on the miniature models, over real gRPC.</summary>
public sealed class CaptionerServiceTests
{
    [Fact]
    public async Task Caption_OfARedBall_SaysRed()
    {
        await using var service = await TestService.StartAsync(CaptionerApp.Build);

        var response = await Client(service).CaptionAsync(new CaptionRequest { Image = Scenes.Encoded() }).ResponseAsync.DefaultTimeout();

        (await service.HealthAsync()).ShouldBe(HealthCheckResponse.Types.ServingStatus.Serving);
        response.Caption.ShouldContain("red");
        response.NumTokens.ShouldBeGreaterThan(2);
        response.MeanLogProbability.ShouldBeInRange(-3, 0);
        response.Model.Name.ShouldBe("miniature");
    }

    [Fact]
    public async Task Caption_OfADrawnScene_NamesObjectsColorsAndPlace()
    {
        await using var service = await TestService.StartAsync(CaptionerApp.Build);

        var response = await Client(service).CaptionAsync(new CaptionRequest { Image = Scenes.RedCarLeftOfPinkElephant() }).ResponseAsync.DefaultTimeout();

        response.Caption.ShouldContain("red car");
        response.Caption.ShouldContain("pink elephant");
        var scored = new ScorePromptRequest();
        foreach (var prompt in new[] { "a red car and a pink elephant", "a pink car and a red elephant", "a blue book" })
            scored.Items.Add(new ScoreItem { Image = Scenes.RedCarLeftOfPinkElephant(), Prompt = prompt });
        var scores = (await Client(service).ScorePromptAsync(scored).ResponseAsync.DefaultTimeout()).Scores.Select(score => score.Score).ToList();
        scores.ShouldBe(scores.OrderDescending());
    }

    [Fact]
    public async Task Caption_WithBeams_FindsAtLeastAsLikelyAText()
    {
        await using var service = await TestService.StartAsync(CaptionerApp.Build);

        var greedy = await Client(service).CaptionAsync(new CaptionRequest { Image = Scenes.Encoded() }).ResponseAsync.DefaultTimeout();
        var beams = await Client(service).CaptionAsync(new CaptionRequest { Image = Scenes.Encoded(), NumBeams = 5 }).ResponseAsync.DefaultTimeout();

        beams.MeanLogProbability.ShouldBeGreaterThanOrEqualTo(greedy.MeanLogProbability - 1e-4f);
    }

    [Fact]
    public async Task EmbedText_ReturnsUnitRows()
    {
        await using var service = await TestService.StartAsync(CaptionerApp.Build);

        var response = await Client(service).EmbedTextAsync(new EmbedTextRequest
        {
            Texts = { "a red car", "a red car", "a pink "
            + "elephant" }
        }).ResponseAsync.DefaultTimeout();

        response.Preset.ShouldBe(TextEncoderPreset.OfficialCode);
        response.Embeddings.Shape[0].ShouldBe(3);
        var values = MemoryMarshal.Cast<byte, float>(response.Embeddings.Data.Span).ToArray();
        var width = (int)response.Embeddings.Shape[1];
        var rows = values.Chunk(width).ToArray();
        rows.ShouldAllBe(row => Math.Abs(row.Sum(value => value * value) - 1) < 1e-5);
        rows[0].ShouldBe(rows[1]);
        rows[0].ShouldNotBe(rows[2]);
    }

    [Fact]
    public async Task PaperPreset_WithoutRetrievalModel_IsFailedPrecondition()
    {
        await using var service = await TestService.StartAsync(CaptionerApp.Build);

        var failure = await TestService.FailsAsync(() => Client(service).EmbedTextAsync(new EmbedTextRequest
        {
            Texts = { "a" },
            Preset = TextEncoderPreset.Paper
        }).ResponseAsync);

        failure.StatusCode.ShouldBe(StatusCode.FailedPrecondition);
        failure.Status.Detail.ShouldContain("no retrieval checkpoint is loaded");
    }

    [Theory]
    [InlineData(ScoreMethod.Likelihood)]
    [InlineData(ScoreMethod.Clip)]
    public async Task Gradient_MatchesFiniteDifference(ScoreMethod method)
    {
        await using var service = await TestService.StartAsync(CaptionerApp.Build);
        var pixels = Scenes.Planar();

        var response = await ScoreAsync(service, method, new GradientOptions(), Scenes.Pixels(pixels));

        response.Scores[0].Gradient.Shape.ShouldBe([3, Scenes.Side, Scenes.Side]);
        var gradient = MemoryMarshal.Cast<byte, float>(response.Scores[0].Gradient.Data.Span).ToArray();
        // along the gradient the score rises by step * |gradient|
        var norm = Math.Sqrt(gradient.Sum(value => (double)value * value));
        const float Step = 0.02f;
        var moved = await ScoreAsync(service, method, null,
            Scenes.Pixels([.. pixels.Zip(gradient, (pixel, slope) => pixel + (float)(Step * slope / norm))]),
            Scenes.Pixels([.. pixels.Zip(gradient, (pixel, slope) => pixel - (float)(Step * slope / norm))]));
        var slope = (moved.Scores[0].Score - moved.Scores[1].Score) / (2 * Step);
        ((double)slope).ShouldBe(norm, norm * 0.02);
    }

    [Fact]
    public async Task HalfGradient_IsScaledAndEqual()
    {
        await using var service = await TestService.StartAsync(CaptionerApp.Build);

        var full = await ScoreAsync(service, ScoreMethod.Likelihood, new GradientOptions(), Scenes.Encoded());
        var half = await ScoreAsync(service, ScoreMethod.Likelihood, new GradientOptions { DataType = DataType.Float16 }, Scenes.Encoded());

        var expected = MemoryMarshal.Cast<byte, float>(full.Scores[0].Gradient.Data.Span).ToArray();
        var scale = MathF.ScaleB(1, -half.Scores[0].Gradient.ScaleLog2);
        var stored = MemoryMarshal.Cast<byte, Half>(half.Scores[0].Gradient.Data.Span).ToArray();
        stored.Max(value => Math.Abs((float)value)).ShouldBeInRange(16384, 32768);
        var error = Math.Sqrt(expected.Zip(stored, (one, two) => Math.Pow(one - ((float)two * scale), 2)).Sum() / expected.Sum(value => (double)value * value));
        // half a unit in the last place of a half: nothing may be flushed, only rounded
        error.ShouldBeLessThan(Math.ScaleB(1, -11));
    }

    [Fact]
    public async Task Batch_EqualsSingleCalls_AndLeavesNoTensors()
    {
        await using var service = await TestService.StartAsync(CaptionerApp.Build);
        _ = await ScoreAsync(service, ScoreMethod.Likelihood, new GradientOptions(), Scenes.Encoded());
        var before = TorchSharp.torch.Tensor.TotalCount;

        var alone = await ScoreAsync(service, ScoreMethod.Likelihood, new GradientOptions(), Scenes.Pixels());
        var together = await ScoreAsync(service, ScoreMethod.Likelihood, new GradientOptions(), [.. Enumerable.Range(0, 11).Select(_ => Scenes.Pixels())]);

        together.Scores.Count.ShouldBe(11);
        together.Scores.ShouldAllBe(score => Math.Abs(score.Score - alone.Scores[0].Score) < 1e-4);
        together.Scores[0].NumTokens.ShouldBeGreaterThan(2);
        TorchSharp.torch.Tensor.TotalCount.ShouldBe(before);
    }

    [Fact]
    public async Task BadRequests_NameTheField()
    {
        await using var service = await TestService.StartAsync(CaptionerApp.Build);
        var client = Client(service);

        await Refused("image", () => client.CaptionAsync(new CaptionRequest()));
        await Refused("image.encoded", () => client.CaptionAsync(new CaptionRequest
        {
            Image = new Image
            {
                Encoded = ByteString.CopyFromUtf8("not a "
            + "picture")
            }
        }));
        await Refused("max_new_tokens", () => client.CaptionAsync(new CaptionRequest { Image = Scenes.Encoded(), MaxNewTokens = 0 }));
        await Refused("num_beams", () => client.CaptionAsync(new CaptionRequest { Image = Scenes.Encoded(), NumBeams = 17 }));
        await Refused("length_penalty", () => client.CaptionAsync(new CaptionRequest { Image = Scenes.Encoded(), LengthPenalty = float.NaN }));
        await Refused("repetition_penalty", () => client.CaptionAsync(new CaptionRequest { Image = Scenes.Encoded(), RepetitionPenalty = 0 }));
        await Refused("prompt", () => client.CaptionAsync(new CaptionRequest { Image = Scenes.Encoded(), Prompt = "a\0b" }));
        await Refused("prompt", () => client.CaptionAsync(new CaptionRequest
        {
            Image = Scenes.Encoded(),
            Prompt = string.Concat(Enumerable.Repeat("a red car ", 100))
        }));
        await Refused("image.pixels.data", () => client.CaptionAsync(new CaptionRequest { Image = Scenes.Pixels(values => values[7] = float.NaN) }));
        var wrongShape = Scenes.Pixels();
        wrongShape.Pixels.Shape[0] = 4;
        await Refused("image.pixels.shape", () => client.CaptionAsync(new CaptionRequest { Image = wrongShape }));
        var wrongType = Scenes.Pixels();
        wrongType.Pixels.DataType = DataType.Int64;
        await Refused("image.pixels.data_type", () => client.CaptionAsync(new CaptionRequest { Image = wrongType }));
        var tooShort = Scenes.Pixels();
        tooShort.Pixels.Data = ByteString.CopyFrom(new byte[12]);
        await Refused("image.pixels.data", () => client.CaptionAsync(new CaptionRequest { Image = tooShort }));
        await Refused("texts", () => client.EmbedTextAsync(new EmbedTextRequest()));
        await Refused("texts[0]", () => client.EmbedTextAsync(new EmbedTextRequest { Texts = { " " } }));
        await Refused("items", () => client.ScorePromptAsync(new ScorePromptRequest()));
        await Refused("items[0].prompt", () => client.ScorePromptAsync(new ScorePromptRequest { Items = { new ScoreItem { Image = Scenes.Encoded() } } }));
        await Refused("method", () => client.ScorePromptAsync(new ScorePromptRequest { Method = (ScoreMethod)99, Items = { Item(Scenes.Encoded()) } }));
        await Refused("gradient.data_type", () => client.ScorePromptAsync(
            new ScorePromptRequest { Gradient = new GradientOptions { DataType = DataType.Uint8 }, Items = { Item(Scenes.Encoded()) } }));

        static async Task Refused<T>(string field, Func<AsyncUnaryCall<T>> call)
        {
            var failure = await TestService.FailsAsync(() => call().ResponseAsync);
            failure.StatusCode.ShouldBe(StatusCode.InvalidArgument, field);
            failure.GetRpcStatus()!.GetDetail<Google.Rpc.BadRequest>()!.FieldViolations.Single().Field.ShouldBe(field);
        }
    }

    [Fact]
    public async Task ExpiredDeadline_IsDeadlineExceeded()
    {
        await using var service = await TestService.StartAsync(CaptionerApp.Build);

        var failure = await TestService.FailsAsync(() => Client(service).CaptionAsync(
            new CaptionRequest { Image = Scenes.Encoded() }, deadline: DateTime.UtcNow.AddMilliseconds(-1)).ResponseAsync);

        failure.StatusCode.ShouldBe(StatusCode.DeadlineExceeded);
    }

    internal static CaptionerService.CaptionerServiceClient Client(TestService service) => new(service.Channel);

    private static ScoreItem Item(Image image) => new() { Image = image, Prompt = "a red apple" };

    private static Task<ScorePromptResponse> ScoreAsync(TestService service, ScoreMethod method, GradientOptions? gradient, params Image[] images)
    {
        var request = new ScorePromptRequest { Method = method, Gradient = gradient };
        request.Items.AddRange(images.Select(Item));
        return Client(service).ScorePromptAsync(request).ResponseAsync.DefaultTimeout();
    }
}
