using Google.Protobuf;
using Grpc.Core;
using Grpc.Health.V1;
using Realign.Testing;
using Realign.V1;
using Shouldly;
using Xunit;

namespace Realign.Tagger.Tests;

/// <summary>The Tagger on the miniature model, over real gRPC.</summary>
public sealed class TaggerServiceTests
{
    private static TaggerService.TaggerServiceClient Client(TestService service) => new(service.Channel);

    private static Task<TestService> StartAsync(params string[] settings) => TestService.StartAsync(TaggerApp.Build, ["--Tagger:Threads=1", .. settings]);

    private static async Task<TagResponse> TagAsync(TestService service, TagRequest request) =>
        await Client(service).TagAsync(request).ResponseAsync.DefaultTimeout();

    [Fact]
    public async Task Tag_RedBall_SaysRedAmongTheUngroundable()
    {
        await using var service = await StartAsync();

        var all = await TagAsync(service, new TagRequest { Image = Pictures.AsRequest(Pictures.Ball()), IncludeUngroundable = true });
        var groundable = await TagAsync(service, new TagRequest { Image = Pictures.AsRequest(Pictures.Ball()) });

        foreach (var name in new[] { "", "liveness", "tagger", "realign.v1.TaggerService" })
            (await service.HealthAsync(name)).ShouldBe(HealthCheckResponse.Types.ServingStatus.Serving, name);
        var red = all.Tags.ShouldHaveSingleItemNamed("red");
        red.Groundable.ShouldBeFalse();
        red.Probability.ShouldBeInRange(0, 1);
        groundable.Tags.ShouldAllBe(tag => tag.Groundable);
        groundable.Tags.Select(tag => tag.Name).ShouldNotContain("red");
        all.Model.Name.ShouldBe("miniature");
        all.Timings.Select(timing => timing.Name).ShouldBe(["decode", "tag"]);
    }

    [Fact]
    public async Task Tag_LowerThreshold_GivesMoreInTheOrderOfTheList()
    {
        await using var service = await StartAsync();
        var list = await File.ReadAllLinesAsync(Checkout.Miniature("tagger", "ram_tag_list.txt"), TestContext.Current.CancellationToken);

        var few = await TagAsync(service, new TagRequest { Image = Pictures.AsRequest(Pictures.Ball()), IncludeUngroundable = true, Threshold = 0.99f });
        var many = await TagAsync(service, new TagRequest { Image = Pictures.AsRequest(Pictures.Ball()), IncludeUngroundable = true, Threshold = 1e-6f });

        many.Tags.Count.ShouldBeGreaterThan(few.Tags.Count);
        many.Tags.Select(tag => Array.IndexOf(list, tag.Name)).ShouldBeInOrder();
        few.Tags.ShouldAllBe(tag => tag.Probability > 0.99f);
    }

    [Theory]
    [InlineData("cmyk")]
    [InlineData("16-bit")]
    [InlineData("pixels")]
    public async Task Tag_OddButGoodPicture_SaysRedToo(string kind)
    {
        await using var service = await StartAsync();
        var image = kind switch
        {
            "cmyk" => Pictures.AsRequest(Pictures.BallCmyk()),
            "16-bit" => Pictures.AsRequest(Pictures.Ball16()),
            _ => Pictures.AsRequest(Pictures.BallPixels(), 3, 64, 64),
        };

        var response = await TagAsync(service, new TagRequest { Image = image, IncludeUngroundable = true });

        response.Tags.Select(tag => tag.Name).ShouldContain("red");
    }

    public static TheoryData<string> BadImages => ["none", "empty", "text", "truncated", "bomb", "animated", "rank", "nan", "short", "type", "huge"];

    [Theory]
    [MemberData(nameof(BadImages))]
    public async Task Tag_BadImage_IsInvalidArgumentAndTheServiceStaysUp(string kind)
    {
        await using var service = await StartAsync();

        var failure = await TestService.FailsAsync(() => TagAsync(service, new TagRequest { Image = BadImage(kind) }));

        failure.StatusCode.ShouldBe(StatusCode.InvalidArgument);
        failure.Status.Detail.ShouldStartWith("image");
        _ = await TagAsync(service, new TagRequest { Image = Pictures.AsRequest(Pictures.Ball()) });
    }

    private static Image? BadImage(string kind)
    {
        var image = kind switch
        {
            "none" => null,
            "empty" => Pictures.AsRequest(Array.Empty<byte>()),
            "text" => Pictures.AsRequest(Pictures.NotAnImage()),
            "truncated" => Pictures.AsRequest(Pictures.Truncated()),
            "bomb" => Pictures.AsRequest(Pictures.Bomb()),
            "animated" => Pictures.AsRequest(Pictures.Animated()),
            "rank" => Pictures.AsRequest(new float[64], 8, 8),
            "nan" => Pictures.AsRequest([.. Enumerable.Repeat(float.NaN, 3 * 8 * 8)], 3, 8, 8),
            "short" => Pictures.AsRequest(new float[5], 3, 8, 8),
            _ => Pictures.AsRequest(new float[3 * 8 * 8], 3, 8, 8),
        };
        if (kind == "type")
            image!.Pixels.DataType = DataType.Uint8;
        if (kind == "huge")
            image!.Pixels.Shape[1] = 1L << 40;
        return image;
    }

    [Theory]
    [InlineData(0f)]
    [InlineData(1f)]
    [InlineData(-0.5f)]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public async Task Tag_BadThreshold_IsInvalidArgument(float threshold)
    {
        await using var service = await StartAsync();

        var failure = await TestService.FailsAsync(() => TagAsync(service, new TagRequest
        {
            Image = Pictures.AsRequest(Pictures.Ball()),
            Threshold = threshold
        }));

        failure.StatusCode.ShouldBe(StatusCode.InvalidArgument);
        failure.Status.Detail.ShouldStartWith("threshold");
    }

    [Fact]
    public async Task Tag_MessageOverTheLimit_IsResourceExhausted()
    {
        await using var service = await StartAsync("--Hosting:MaxMessageMegabytes=1");

        var request = new TagRequest { Image = new Image { Encoded = ByteString.CopyFrom(new byte[2 << 20]) } };

        var failure = await TestService.FailsAsync(() => TagAsync(service, request));

        failure.StatusCode.ShouldBe(StatusCode.ResourceExhausted);
    }

    [Fact]
    public async Task Tag_ExpiredDeadline_IsDeadlineExceeded()
    {
        await using var service = await StartAsync();

        var failure = await TestService.FailsAsync(() => Client(service).TagAsync(
            new TagRequest { Image = Pictures.AsRequest(Pictures.Ball()) }, deadline: DateTime.UtcNow.AddSeconds(-1)).ResponseAsync);

        failure.StatusCode.ShouldBe(StatusCode.DeadlineExceeded);
    }

    [Fact]
    public async Task Tag_CancelledWhileQueued_IsCancelledAndLeavesNothingBehind()
    {
        await using var service = await StartAsync();
        using var source = new CancellationTokenSource();
        Task<TagResponse> call;
        await using (await Blocker.OccupyAsync<Grounding.Tagging.ImageTagger>(service))
        {
            call = Client(service).TagAsync(new TagRequest { Image = Pictures.AsRequest(Pictures.Ball()) }, cancellationToken: source.Token).ResponseAsync;
            await source.CancelAsync();
            (await TestService.FailsAsync(() => call)).StatusCode.ShouldBe(StatusCode.Cancelled);
        }

        (await TagAsync(service, new TagRequest { Image = Pictures.AsRequest(Pictures.Ball()) })).Timings.Count.ShouldBe(2);
    }

    [Fact]
    public async Task Tag_FullQueue_IsResourceExhausted()
    {
        await using var service = await StartAsync("--Tagger:QueueCapacity=1");
        var request = new TagRequest { Image = Pictures.AsRequest(Pictures.Ball()) };
        await using var blocker = await Blocker.OccupyAsync<Grounding.Tagging.ImageTagger>(service);

        // of two calls one waits and the other is turned away at once
        var calls = new[] { Client(service).TagAsync(request).ResponseAsync, Client(service).TagAsync(request).ResponseAsync };
        var refused = await Task.WhenAny(calls).DefaultTimeout();

        (await TestService.FailsAsync(() => refused)).StatusCode.ShouldBe(StatusCode.ResourceExhausted);
    }

    public static TheoryData<string> BadFolders => ["missing", "no graph", "truncated", "other list", "threshold text", "unknown word", "lfs", "cuda"];

    [Theory]
    [MemberData(nameof(BadFolders))]
    public async Task Start_BadModelFolder_StaysUpAndSaysWhy(string kind)
    {
        using var folder = new ModelCopy("tagger");
        var path = folder.Path;
        switch (kind)
        {
            case "missing":
                path += "-not-there";
                break;
            case "no graph":
                File.Delete(System.IO.Path.Combine(path, "model.onnx"));
                break;
            case "truncated":
                folder.Rewrite("model.onnx", bytes => bytes[..(bytes.Length / 2)]);
                break;
            case "other list":
                folder.Rewrite("ram_tag_list.txt", bytes => [.. bytes, .. "\nanother"u8]);
                break;
            case "threshold text":
                folder.Rewrite("ram_tag_list_threshold.txt", _ => "high\n"u8.ToArray());
                break;
            case "unknown word":
                folder.Rewrite("ram_tag_list_delete.txt", _ => "zeppelin\n"u8.ToArray());
                break;
            case "lfs":
                folder.Rewrite("model.onnx", _ => "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"u8.ToArray());
                break;
        }

        await using var service = await StartAsync($"--Tagger:Model={path}", $"--Tagger:Device={(kind == "cuda" ? "cuda" : "cpu")}");
        var failure = await TestService.FailsAsync(() => TagAsync(service, new TagRequest { Image = Pictures.AsRequest(Pictures.Ball()) }));

        failure.StatusCode.ShouldBe(StatusCode.FailedPrecondition);
        failure.Status.Detail.ShouldContain("tagger is not loaded");
        (await service.HealthAsync()).ShouldBe(HealthCheckResponse.Types.ServingStatus.NotServing);
    }

    [Fact]
    public void Start_BadSettings_NamesAllOfThem()
    {
        var exception = Should.Throw<AggregateException>(() => TaggerApp.Build(
            ["--urls=http://127.0.0.1:0", "--Tagger:Threads=-1", "--Tagger:QueueCapacity=0", "--Tagger:Threshold=1.5", "--Tagger:Device=Tpu",
                "--Tagger:Modle=x", "--Hosting:DrainSeconds=0"]));

        var failures = exception.InnerExceptions.Cast<Microsoft.Extensions.Options.OptionsValidationException>().SelectMany(inner => inner.Failures).ToList();
        failures.Count.ShouldBe(6);
        failures.ShouldContain("Tagger:Device = 'Tpu': use one of Cpu, Cuda");
    }
}
