using System.Text;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Health.V1;
using Realign.Testing;
using Realign.V1;
using Realign.Wire.Mesh;
using Shouldly;
using Xunit;

namespace Realign.SceneScorer.Tests;

/// <summary>The service over real gRPC with the embedded model.</summary>
public sealed class SceneScorerServiceTests
{
    [Fact]
    public async Task ScoreScene_TwoObjects_AnswersEveryTagOnceThenMissing()
    {
        await using var service = await TestService.StartAsync(SceneScorerApp.Build);

        var response = await Score(service, "a red car and a pink elephant", "elephant", "bird", "clock");

        response.Entries.Select(entry => (entry.Tag, entry.Score, entry.Phrase, entry.Source)).ShouldBe([
            ("elephant", 2f, "pink elephant", EntrySource.Tag), ("bird", 0.5f, "a bird", EntrySource.Tag),
            ("clock", 0f, "", EntrySource.Tag), ("car", 2f, "red car", EntrySource.Missing)]);
        response.Origin.ShouldBe(AnswerOrigin.Model);
        response.Attempts.ShouldBe(1);
        response.Model.Family.ShouldBe("llama");
        (await service.HealthAsync(MeshService.SceneScorer.Name)).ShouldBe(HealthCheckResponse.Types.ServingStatus.Serving);
    }

    [Fact]
    public async Task ExtractEntities_CountedAndColored_HasBoth()
    {
        await using var service = await TestService.StartAsync(SceneScorerApp.Build);

        var response = await Client(service).ExtractEntitiesAsync(new ExtractEntitiesRequest
        {
            Prompt = "photo of two red cars without a "
            + "dog"
        }).ResponseAsync.DefaultTimeout();

        var car = response.Entities.ShouldHaveSingleItem();
        (car.Noun, car.Count, string.Join(' ', car.Attributes)).ShouldBe(("car", 2, "red"));
    }

    [Fact]
    public async Task ExtractEntities_ChainOfRelations_NamesThePlacesOfItsObjects()
    {
        await using var service = await TestService.StartAsync(SceneScorerApp.Build);

        var response = await Client(service).ExtractEntitiesAsync(new ExtractEntitiesRequest
        {
            Prompt = "a red car to the left of a blue dog and above two birds"
        }).ResponseAsync.DefaultTimeout();

        response.Entities.Select(entity => entity.Phrase).ShouldBe(["red car", "blue dog", "two birds"]);
        response.Relations.ShouldBe([
            new SceneRelation { Subject = 0, Kind = RelationKind.LeftOf, Object = 1, Words = "to the left of" },
            new SceneRelation { Subject = 0, Kind = RelationKind.Above, Object = 2, Words = "above" }]);
    }

    [Theory]
    [InlineData("a house and no cat")]
    [InlineData("a house without a cat")]
    [InlineData("a house, not a cat")]
    public async Task ExcludedObject_IsDemandedByNeitherCall(string prompt)
    {
        await using var service = await TestService.StartAsync(SceneScorerApp.Build);

        var entities = await Client(service).ExtractEntitiesAsync(new ExtractEntitiesRequest { Prompt = prompt }).ResponseAsync.DefaultTimeout();
        var scene = await Score(service, prompt, "cat", "house");
        var untagged = await Score(service, prompt);

        entities.Entities.ShouldHaveSingleItem().Noun.ShouldBe("house");
        scene.Entries.Select(entry => (entry.Tag, entry.Score)).ShouldBe([("cat", 0f), ("house", 2f)]);
        untagged.Entries.Select(entry => entry.Noun).ShouldBe(["house"]);
    }

    [Fact]
    public async Task ScoreScene_NoTags_ListsTheObjects()
    {
        await using var service = await TestService.StartAsync(SceneScorerApp.Build);

        var response = await Score(service, "a green bird");

        response.Entries.ShouldHaveSingleItem().Phrase.ShouldBe("green bird");
    }

    [Fact]
    public async Task ScoreScene_HostileTags_AreAnsweredOnceEachAsWritten()
    {
        await using var service = await TestService.StartAsync(SceneScorerApp.Build);
        string[] tags = ["Car", "car", "CAR", "猫", "T-shirt", "back\\slash", "quo\"te", "{prompt}", "<|eot_id|>", "[INST]", "😀", "ünïcödé", "a::=b",
            "2,\"phrase\""];

        var response = await Score(service, "a red car <|eot_id|> {tags}", tags);

        response.Entries.Where(entry => entry.Source == EntrySource.Tag).Select(entry => entry.Tag).ShouldBe(tags.Where(tag => tag is not ("car" or "CAR")));
        response.Entries.ShouldAllBe(entry => entry.Score == 2 || entry.Score == 0.5f || entry.Score == 0);
        response.Entries[0].Phrase.ShouldBe("red car");
    }

    [Fact]
    public async Task ScoreScene_TwoHundredTags_AnswersAll()
    {
        await using var service = await TestService.StartAsync(SceneScorerApp.Build);
        var tags = Enumerable.Range(0, 200).Select(index => $"thing number {index}").ToArray();

        var response = await Score(service, "a red car", tags);

        response.Entries.Where(entry => entry.Source == EntrySource.Tag).Select(entry => entry.Tag).ShouldBe(tags);
    }

    [Theory]
    [InlineData("")]
    [InlineData("   ")]
    [InlineData("a\0b")]
    public async Task ScoreScene_BadPrompt_IsInvalidArgument(string prompt) =>
        (await Refused(prompt, "car")).Status.Detail.ShouldContain("prompt");

    [Fact]
    public async Task ScoreScene_TenKilobytePrompt_IsInvalidArgument() =>
        (await Refused(new string('a', 10_240), "car")).Status.Detail.ShouldContain("4096");

    [Theory]
    [InlineData("")]
    [InlineData("a\nb")]
    [InlineData("a\0b")]
    public async Task ScoreScene_BadTag_NamesItsPlace(string tag) =>
        (await Refused("a red car", "car", tag)).Status.Detail.ShouldContain("tags[1]");

    [Fact]
    public async Task ScoreScene_LongTag_IsInvalidArgument() => (await Refused("a red car", new string('a', 65))).Status.Detail.ShouldContain("64");

    [Fact]
    public async Task ScoreScene_FiveHundredTags_IsInvalidArgument() =>
        (await Refused("a red car", [.. Enumerable.Range(0, 500).Select(index => $"tag {index}")])).Status.Detail.ShouldContain("200");

    [Fact]
    public async Task ScoreScene_LoneSurrogateOnTheWire_IsInvalidArgument()
    {
        await using var service = await TestService.StartAsync(SceneScorerApp.Build);
        byte[] message = [0x0a, 0x03, 0xed, 0xa0, 0x80];
        var method = new Method<byte[], ScoreSceneResponse>(MethodType.Unary, "realign.v1.SceneScorerService", "ScoreScene",
            Marshallers.Create<byte[]>(bytes => bytes, bytes => bytes), Marshallers.Create<ScoreSceneResponse>(response => response.ToByteArray(),
                ScoreSceneResponse.Parser.ParseFrom));

        var failure = await TestService.FailsAsync(() => service.Channel.CreateCallInvoker().AsyncUnaryCall(method, null, default, message).ResponseAsync);

        failure.StatusCode.ShouldBe(StatusCode.InvalidArgument);
    }

    [Fact]
    public async Task ScoreScene_LongestPrompt_IsAnswered()
    {
        await using var service = await TestService.StartAsync(SceneScorerApp.Build);
        var prompt = new StringBuilder("a red car");
        while (prompt.Length < 4000)
            _ = prompt.Append(" and 猫😀");

        (await Score(service, prompt.ToString(), "car")).Entries[0].Score.ShouldBe(2);
    }

    [Fact]
    public async Task ScoreScene_ExpiredDeadline_IsDeadlineExceeded()
    {
        await using var service = await TestService.StartAsync(SceneScorerApp.Build);

        var failure = await TestService.FailsAsync(() => Client(service).ScoreSceneAsync(ManyTags(),
            deadline: DateTime.UtcNow.AddMilliseconds(-1)).ResponseAsync);

        failure.StatusCode.ShouldBe(StatusCode.DeadlineExceeded);
    }

    [Fact]
    public async Task ScoreScene_DeadlineWhileDecoding_LeavesTheServiceFree()
    {
        await using var service = await TestService.StartAsync(SceneScorerApp.Build);

        var failure = await TestService.FailsAsync(() => Client(service).ScoreSceneAsync(ManyTags(),
            deadline: DateTime.UtcNow.AddMilliseconds(100)).ResponseAsync);

        failure.StatusCode.ShouldBe(StatusCode.DeadlineExceeded);
        (await Score(service, "a red car", "car")).Entries[0].Phrase.ShouldBe("red car");
    }

    [Fact]
    public async Task ScoreScene_CancelledWhileQueuedAndWhileDecoding_IsCancelled()
    {
        await using var service = await TestService.StartAsync(SceneScorerApp.Build);
        using var decoding = new CancellationTokenSource();
        using var queued = new CancellationTokenSource();
        var first = Client(service).ScoreSceneAsync(ManyTags(), cancellationToken: decoding.Token).ResponseAsync;
        var second = Client(service).ScoreSceneAsync(ManyTags(), cancellationToken: queued.Token).ResponseAsync;

        await queued.CancelAsync();
        (await TestService.FailsAsync(() => second)).StatusCode.ShouldBe(StatusCode.Cancelled);
        await decoding.CancelAsync();
        (await TestService.FailsAsync(() => first)).StatusCode.ShouldBe(StatusCode.Cancelled);

        (await Score(service, "a red car", "car")).Entries[0].Phrase.ShouldBe("red car");
    }

    [Fact]
    public async Task ScoreScene_FullQueue_IsResourceExhausted()
    {
        await using var service = await TestService.StartAsync(SceneScorerApp.Build, "--SceneScorer:QueueCapacity=1");
        using var stop = new CancellationTokenSource();
        var calls = Enumerable.Range(0, 8).Select(_ => Client(service).ScoreSceneAsync(ManyTags(), cancellationToken: stop.Token).ResponseAsync).ToList();

        var failure = await TestService.FailsAsync(() => Task.WhenAny(calls).Unwrap());

        failure.StatusCode.ShouldBe(StatusCode.ResourceExhausted);
        await stop.CancelAsync();
        foreach (var call in calls)
            _ = await TestService.FailsAsync(() => call);
    }

    [Fact]
    public async Task Model_TruncatedFile_IsFailedPreconditionWithTheReason()
    {
        var whole = await File.ReadAllBytesAsync(Checkout.Miniature("scene-scorer", "model-q8_0.gguf"), TestContext.Current.CancellationToken);

        (await FailureWith(whole[..^1000])).ShouldContain("the file ends at");
    }

    [Fact]
    public async Task Model_LyingTensorCount_IsFailedPreconditionWithTheReason()
    {
        var bytes = await File.ReadAllBytesAsync(Checkout.Miniature("scene-scorer", "model-q8_0.gguf"), TestContext.Current.CancellationToken);
        BitConverter.GetBytes(long.MaxValue).CopyTo(bytes, 8);

        (await FailureWith(bytes)).ShouldContain("the tensor count says");
    }

    [Fact]
    public async Task Model_WithoutAChatTemplate_NeedsTheNameOfItsFormat()
    {
        var folder = Directory.CreateTempSubdirectory("realign-gguf-");
        try
        {
            foreach (var file in Directory.GetFiles(Checkout.Miniature("scene-scorer"), "*.json"))
                File.Copy(file, Path.Combine(folder.FullName, Path.GetFileName(file)));
            var bytes = await File.ReadAllBytesAsync(Checkout.Miniature("scene-scorer", "model-f16.gguf"), TestContext.Current.CancellationToken);
            var key = "tokenizer.chat_template"u8;
            "tokenizer.chat_forgotten"u8[..key.Length].CopyTo(bytes.AsSpan(bytes.AsSpan().IndexOf(key)));
            var path = Path.Combine(folder.FullName, "model.gguf");
            await File.WriteAllBytesAsync(path, bytes, TestContext.Current.CancellationToken);

            await using (var service = await TestService.StartAsync(SceneScorerApp.Build, $"--SceneScorer:Model={path}"))
            {
                var failure = await TestService.FailsAsync(() => Score(service, "a red car", "car"));
                failure.StatusCode.ShouldBe(StatusCode.FailedPrecondition);
                failure.Status.Detail.ShouldContain("SceneScorer:ChatFormat");
            }

            await using var named = await TestService.StartAsync(SceneScorerApp.Build, $"--SceneScorer:Model={path}", "--SceneScorer:ChatFormat=llama3");
            var response = await Score(named, "a red car and a pink elephant", "elephant", "bird");
            response.Entries.Select(entry => (entry.Tag, entry.Score)).ShouldBe([("elephant", 2f), ("bird", 0.5f), ("car", 2f)]);
            response.Origin.ShouldBe(AnswerOrigin.Model);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task Device_WithoutGpuBackEnd_IsFailedPreconditionWithTheReason()
    {
        await using var service = await TestService.StartAsync(SceneScorerApp.Build, "--SceneScorer:Device=cuda");
        var client = new SceneScorerService.SceneScorerServiceClient(service.Channel);

        var failure = await TestService.FailsAsync(async () => await client.ScoreSceneAsync(new ScoreSceneRequest { Prompt = "a red car" }));

        failure.StatusCode.ShouldBe(StatusCode.FailedPrecondition);
        failure.Status.Detail.ShouldContain("GPU");
    }

    [Fact]
    public async Task Model_Absent_IsFailedPrecondition()
    {
        await using var service = await TestService.StartAsync(SceneScorerApp.Build, "--SceneScorer:Model=/nowhere/model.gguf");

        var failure = await TestService.FailsAsync(() => Score(service, "a red car", "car"));

        failure.StatusCode.ShouldBe(StatusCode.FailedPrecondition);
        (await service.HealthAsync()).ShouldBe(HealthCheckResponse.Types.ServingStatus.NotServing);
    }

    [Theory]
    [InlineData("llama-bpe/model-f16.gguf")]
    [InlineData("llama-spm/model-q8_0.gguf")]
    [InlineData("qwen2-bpe/model-f16.gguf")]
    public async Task RandomModel_StillAnswersValidly(string file)
    {
        await using var service = await TestService.StartAsync(SceneScorerApp.Build,
            $"--SceneScorer:Model={Path.Combine(ConformancePack.Require(), "llm", file)}");

        var response = await Score(service, "a red car and a pink elephant", "elephant", "bird", "猫");

        response.Entries.Where(entry => entry.Source == EntrySource.Tag).Select(entry => entry.Tag).ShouldBe(["elephant", "bird", "猫"]);
        response.Entries[0].ShouldSatisfyAllConditions(entry => entry.Score.ShouldBe(2), entry => entry.Phrase.ShouldBe("pink elephant"));
    }

    private static async Task<string> FailureWith(byte[] model)
    {
        var folder = Directory.CreateTempSubdirectory("realign-gguf-");
        try
        {
            var path = Path.Combine(folder.FullName, "model.gguf");
            await File.WriteAllBytesAsync(path, model, TestContext.Current.CancellationToken);
            await using var service = await TestService.StartAsync(SceneScorerApp.Build, $"--SceneScorer:Model={path}");
            var failure = await TestService.FailsAsync(() => Score(service, "a red car", "car"));
            failure.StatusCode.ShouldBe(StatusCode.FailedPrecondition);
            return failure.Status.Detail;
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task<RpcException> Refused(string prompt, params string[] tags)
    {
        await using var service = await TestService.StartAsync(SceneScorerApp.Build);
        var failure = await TestService.FailsAsync(() => Score(service, prompt, tags));
        failure.StatusCode.ShouldBe(StatusCode.InvalidArgument);
        return failure;
    }

    private static ScoreSceneRequest ManyTags() => new()
    {
        Prompt = "a red car",
        Tags = { Enumerable.Range(0, 200).Select(index => $"very long thing "
        + $"number {index}") }
    };

    private static Task<ScoreSceneResponse> Score(TestService service, string prompt, params string[] tags) =>
        Client(service).ScoreSceneAsync(new ScoreSceneRequest { Prompt = prompt, Tags = { tags } }).ResponseAsync.DefaultTimeout();

    private static SceneScorerService.SceneScorerServiceClient Client(TestService service) => new(service.Channel);
}
