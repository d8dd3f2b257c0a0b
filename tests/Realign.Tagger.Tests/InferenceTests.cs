using System.Diagnostics;
using Google.Rpc;
using Grpc.Core;
using Inference;
using Realign.Testing;
using Realign.V1;
using Shouldly;
using Xunit;

namespace Realign.Tagger.Tests;

/// <summary>The Tagger in the Open Inference Protocol gives what its own call gives.</summary>
public sealed class InferenceTests
{
    private static Task<TestService> StartAsync(params string[] settings) => TestService.StartAsync(TaggerApp.Build, ["--Tagger:Threads=1", .. settings]);

    private static ModelInferRequest Request(params byte[][] files) =>
        new ModelInferRequest { ModelName = "ram" }.With("image", "BYTES", [files.Length], InferMessages.Blobs(files));

    [Fact]
    public async Task PixelsAndFiles_GiveTheTagsOfTheTypedCall()
    {
        await using var service = await StartAsync();
        var typed = await new TaggerService.TaggerServiceClient(service.Channel).TagAsync(
            new TagRequest { Image = Pictures.AsRequest(Pictures.Ball()), IncludeUngroundable = true }).ResponseAsync.DefaultTimeout();
        byte[] pixels = [.. Transposed(Pictures.BallPixels())];

        var ofFile = await service.InferAsync(Request(Pictures.Ball()).With("include_ungroundable", "BOOL", [1], [1]));
        var ofPixels = await service.InferAsync(new ModelInferRequest { ModelName = "ram" }.With("image", "UINT8", [1, 64, 64, 3], pixels)
            .With("include_ungroundable", "BOOL", [1], [1]));

        foreach (var answer in new[] { ofFile, ofPixels })
        {
            answer.ReadTexts("tags").ShouldBe(typed.Tags.Select(tag => tag.Name));
            answer.Read<float>("score").ShouldBe(typed.Tags.Select(tag => tag.Probability));
            answer.ShapeOf("tags").ShouldBe([1, typed.Tags.Count]);
        }

        typed.Tags.Select(tag => tag.Name).ShouldContain("red");
    }

    [Fact]
    public async Task SeveralPictures_AreRowsOfOneTensor()
    {
        await using var service = await StartAsync();
        var alone = await service.InferAsync(Request(Pictures.Ball()).With("threshold", "FP32", [1], InferMessages.Raw(0.2f)));
        var blank = await service.InferAsync(Request(Pictures.Blank(32, 32)).With("threshold", "FP32", [1], InferMessages.Raw(0.2f)));

        var both = await service.InferAsync(Request(Pictures.Ball(), Pictures.Blank(32, 32)).With("threshold", "FP32", [1], InferMessages.Raw(0.2f)));

        var (first, second) = (alone.ReadTexts("tags"), blank.ReadTexts("tags"));
        first.Count.ShouldNotBe(second.Count);
        var width = Math.Max(first.Count, second.Count);
        both.ShapeOf("score").ShouldBe([2, width]);
        both.ReadTexts("tags").ShouldBe([.. Padded(first), .. Padded(second)]);
        both.Read<float>("score").Count(score => score == 0).ShouldBe((2 * width) - first.Count - second.Count);

        IEnumerable<string> Padded(List<string> tags) => tags.Concat(Enumerable.Repeat("", width - tags.Count));
    }

    [Fact]
    public async Task BadPictureAmongOthers_IsNamed()
    {
        await using var service = await StartAsync();

        var alone = await TestService.FailsAsync(() => service.InferAsync(Request(Pictures.NotAnImage())));
        var second = await TestService.FailsAsync(() => service.InferAsync(Request(Pictures.Ball(), Pictures.NotAnImage())));

        alone.StatusCode.ShouldBe(StatusCode.InvalidArgument);
        alone.GetRpcStatus()!.GetDetail<BadRequest>()!.FieldViolations.Single().Field.ShouldStartWith("image");
        second.GetRpcStatus()!.GetDetail<BadRequest>()!.FieldViolations.Single().Field.ShouldStartWith("image[1]");
        (await TestService.FailsAsync(() => service.InferAsync(Request()))).StatusCode.ShouldBe(StatusCode.InvalidArgument);
    }

    [Theory]
    [InlineData("threshold", 2f)]
    [InlineData("threshold", float.NaN)]
    public async Task ChecksOfTheTypedCall_HoldHereToo(string name, float value)
    {
        await using var service = await StartAsync();

        var failure = await TestService.FailsAsync(() => service.InferAsync(Request(Pictures.Ball()).With(name, "FP32", [1], InferMessages.Raw(value))));

        failure.StatusCode.ShouldBe(StatusCode.InvalidArgument);
        failure.Status.Detail.ShouldStartWith(name);
    }

    [Fact]
    public async Task SecondVersion_TakesOverWhileCallsComeIn_NoneFails()
    {
        using var root = new ModelCopy("tagger");
        await using var service = await StartAsync("--OpenInference:AllowModelControl=true", $"--OpenInference:ModelRoot={Path.GetDirectoryName(root.Path)}");
        using var end = new CancellationTokenSource();
        var calls = Task.Run(async () =>
        {
            var versions = new List<string>();
            while (!end.IsCancellationRequested)
                versions.Add((await service.InferAsync(Request(Pictures.Ball()))).ModelVersion);
            return versions;
        });
        var load = new RepositoryModelLoadRequest { ModelName = "ram" };
        load.Parameters["config"] = new ModelRepositoryParameter { StringParam = $$"""{"model": "{{Path.GetFileName(root.Path)}}", "version": "2"}""" };

        _ = await service.Client().RepositoryModelLoadAsync(load).ResponseAsync.DefaultTimeout();
        var after = await service.InferAsync(Request(Pictures.Ball()));
        await end.CancelAsync();

        after.ModelVersion.ShouldBe("2");
        (await calls.DefaultTimeout()).Distinct().First().ShouldBe("1");
        root.Rewrite("model.onnx", bytes => bytes[..100]);
        var failure = await TestService.FailsAsync(async () => await service.Client().RepositoryModelLoadAsync(load));
        failure.StatusCode.ShouldBe(StatusCode.FailedPrecondition);
        (await service.InferAsync(Request(Pictures.Ball()))).ModelVersion.ShouldBe("2");
    }

    [Fact]
    public async Task LoadedAndUnloadedAgainAndAgain_MemoryStaysAsItWas()
    {
        const int WarmUp = 10;
        const int Cycles = 100;
        const long Slack = 24L << 20;
        await using var service = await ChildService.StartAsync("Realign.Tagger", "--Tagger:Threads=1", "--OpenInference:AllowModelControl=true");
        var client = new GRPCInferenceService.GRPCInferenceServiceClient(service.Channel);
        var start = Stopwatch.GetTimestamp();
        await CyclesAsync(WarmUp);
        var before = service.Memory;

        await CyclesAsync(Cycles);

        var after = service.Memory;
        TestContext.Current.SendDiagnosticMessage(
            $"before {before >> 20} MiB, after {Cycles} cycles {after >> 20} MiB, {Stopwatch.GetElapsedTime(start).TotalSeconds:0.0} s");
        after.ShouldBeLessThan(before + Slack);

        async Task CyclesAsync(int count)
        {
            for (var i = 0; i < count; i++)
            {
                _ = await client.RepositoryModelUnloadAsync(new RepositoryModelUnloadRequest { ModelName = "ram" }).ResponseAsync.DefaultTimeout();
                _ = await client.RepositoryModelLoadAsync(new RepositoryModelLoadRequest { ModelName = "ram" }).ResponseAsync.DefaultTimeout();
                _ = await client.ModelInferAsync(Request(Pictures.Ball())).ResponseAsync.DefaultTimeout();
            }
        }
    }

    // channels last, 8 bits
    private static IEnumerable<byte> Transposed(float[] planes) =>
        Enumerable.Range(0, planes.Length).Select(i => (byte)MathF.Round(planes[(i % 3 * planes.Length / 3) + (i / 3)] * 255));
}
