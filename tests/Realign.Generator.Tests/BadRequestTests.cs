using Google.Protobuf;
using Google.Rpc;
using Grpc.Core;
using Realign.Testing;
using Realign.V1;
using Shouldly;
using Xunit;

namespace Realign.Generator.Tests;

/// <summary>What a caller gets wrong: the field, the value and a way out, never a crash, nothing left running.</summary>
public sealed class BadRequestTests(RunningGenerator generator) : IClassFixture<RunningGenerator>
{
    public static TheoryData<string, Action<GenerateRequest>> BadFields => new()
    {
        { "prompt", request => request.Prompt = "" },
        { "prompt", request => request.Prompt = " \n " },
        { "prompt", request => request.Prompt = new string('a', 10_000) },
        { "prompt", request => request.Prompt = "a\0b" },
        { "negative_prompt", request => request.NegativePrompt = new string('a', 4097) },
        { "num_inference_steps", request => request.NumInferenceSteps = 0 },
        { "num_inference_steps", request => request.NumInferenceSteps = 10_001 },
        { "num_inference_steps", request => (request.Scheduler, request.NumInferenceSteps) = (Scheduler.Lcm, 51) },
        { "num_inference_steps", request => (request.Scheduler, request.NumInferenceSteps) = (Scheduler.Tcd, 51) },
        { "num_inference_steps", request => (request.Scheduler, request.NumInferenceSteps) = (Scheduler.UniPcMultistep, 1000) },
        { "guidance_scale", request => request.GuidanceScale = float.NaN },
        { "guidance_scale", request => request.GuidanceScale = -1 },
        { "guidance_scale", request => request.GuidanceScale = float.PositiveInfinity },
        { "width", request => request.Width = 100 },
        { "width", request => request.Width = 8192 },
        { "width", request => (request.Width, request.Height, request.NumImages) = (2048, 2048, 16) },
        { "height", request => request.Height = 0 },
        { "height", request => request.Height = -64 },
        { "scheduler", request => request.Scheduler = (Scheduler)99 },
        { "eta", request => request.Eta = 1.5f },
        { "sigma_spacing", request => request.SigmaSpacing = (SigmaSpacing)9 },
        { "sigma_spacing", request => (request.Scheduler, request.SigmaSpacing) = (Scheduler.Ddim, SigmaSpacing.Karras) },
        { "solver_order", request => (request.Scheduler, request.SolverOrder) = (Scheduler.Heun, 2) },
        { "solver_order", request => (request.Scheduler, request.SolverOrder) = (Scheduler.UniPcMultistep, 4) },
        { "sigma_spacing", request => (request.Scheduler, request.SigmaSpacing) = (Scheduler.Tcd, SigmaSpacing.AlignYourSteps) },
        { "stochastic", request => (request.Scheduler, request.Stochastic) = (Scheduler.DpmSolverSinglestep, true) },
        { "stochastic", request => (request.Scheduler, request.Stochastic) = (Scheduler.Euler, true) },
        { "eta", request => (request.Eta, request.Scheduler) = (0.5f, Scheduler.Euler) },
        { "guidance_rescale", request => request.GuidanceRescale = float.NaN },
        { "num_images", request => request.NumImages = 0 },
        { "num_images", request => request.NumImages = 17 },
        { "preview.every_steps", request => request.Preview = new PreviewOptions { EverySteps = -1 } },
        { "preview.max_size", request => request.Preview = new PreviewOptions { EverySteps = 1, MaxSize = 4 } },
        { "modulation.mode", request => request.Modulation = new Modulation { Mode = (ModulationMode)9 } },
        { "modulation.cross_attention_weight", request => request.Modulation = new Modulation { CrossAttentionWeight = float.NaN } },
        { "modulation.self_attention_weight", request => request.Modulation = new Modulation { SelfAttentionWeight = -0.1f } },
        { "modulation.schedule_power", request => request.Modulation = new Modulation { SchedulePower = 21 } },
        { "modulation.step_fraction", request => request.Modulation = new Modulation { StepFraction = 1.1f } },
        { "modulation.max_gain", request => request.Modulation = new Modulation { MaxGain = float.NegativeInfinity } },
        { "modulation.segments", request => request.Modulation = Requests.Fine([.. Enumerable.Repeat(Requests.Left("a car"), 33)]).Modulation },
        { "modulation.segments", request => request.Modulation = Requests.Fine(Blank(8192, 8192), Blank(8192, 8192)).Modulation },
        { "modulation.segments[0].phrase", request => request.Modulation = Requests.Fine(Requests.Left("")).Modulation },
        { "modulation.segments[0].phrase", request => request.Modulation = Requests.Fine(Requests.Left(new string('a', 257))).Modulation },
        { "modulation.segments[1].score", request => request.Modulation = Requests.Fine(Requests.Left("a car"), Requests.Left("a car", 3)).Modulation },
        { "modulation.segments[0].score", request => request.Modulation = Requests.Fine(Requests.Left("a car", float.NaN)).Modulation },
        { "modulation.segments[0].mask", request => request.Modulation = Requests.Fine(new Segment { Phrase = "a car", Score = 2 }).Modulation },
        { "modulation.segments[0].mask", request => request.Modulation = Requests.Fine(Blank(0, 4)).Modulation },
        { "modulation.segments[0].mask", request => request.Modulation = Requests.Fine(Blank(4, 257)).Modulation },
        { "modulation.segments[1].mask", request => request.Modulation = Requests.Fine(Requests.Left("a car"), Blank(16_385, 4000)).Modulation },
        { "modulation.segments[0].mask.counts", request => request.Modulation = Requests.Fine(Wrong([5])).Modulation },
        { "modulation.segments[0].mask.counts", request => request.Modulation = Requests.Fine(Wrong([uint.MaxValue, uint.MaxValue])).Modulation },
    };

    [Theory]
    [MemberData(nameof(BadFields))]
    public async Task BadField_IsNamed_AndLeavesNothing(string field, Action<GenerateRequest> spoil)
    {
        _ = await generator.ResultAsync(Requests.Plain(request => request.NumInferenceSteps = 1));
        var before = TorchSharp.torch.Tensor.TotalCount;

        var failure = await TestService.FailsAsync(() => generator.EventsAsync(Requests.Plain(spoil)));

        failure.StatusCode.ShouldBe(StatusCode.InvalidArgument);
        var violation = failure.GetRpcStatus()!.GetDetail<BadRequest>()!.FieldViolations.Single();
        violation.Field.ShouldBe(field);
        violation.Description.ShouldContain(". ");
        failure.GetRpcStatus()!.GetDetail<ErrorInfo>()!.Metadata["value"].ShouldNotBeEmpty();
        TorchSharp.torch.Tensor.TotalCount.ShouldBe(before);
    }

    [Fact]
    public async Task UnknownScheduler_ListsTheNamesOfTheProtos()
    {
        var failure = await TestService.FailsAsync(() => generator.EventsAsync(Requests.Plain(request => request.Scheduler = (Scheduler)99)));

        failure.Status.Detail.ShouldContain("99");
        failure.Status.Detail.ShouldContain("SCHEDULER_EULER_ANCESTRAL");
    }

    [Fact]
    public async Task LoneSurrogateOnTheWire_IsInvalidArgument()
    {
        // field 1, the prompt: U+D800 alone, as a careless encoder writes it
        byte[] message = [0x0a, 0x03, 0xed, 0xa0, 0x80];
        var method = new Method<byte[], GenerateResponse>(MethodType.ServerStreaming, "realign.v1.GeneratorService", "Generate",
            Marshallers.Create<byte[]>(bytes => bytes, bytes => bytes),
            Marshallers.Create<GenerateResponse>(response => response.ToByteArray(), GenerateResponse.Parser.ParseFrom));

        var failure = await TestService.FailsAsync(async () =>
        {
            using var call = generator.Service.Channel.CreateCallInvoker().AsyncServerStreamingCall(method, null, default, message);
            _ = await call.ResponseStream.MoveNext(CancellationToken.None).DefaultTimeout();
        });

        failure.StatusCode.ShouldBe(StatusCode.InvalidArgument);
        failure.Status.Detail.ShouldContain("UTF-8");
    }

    [Fact]
    public async Task MessageOverTheLimit_IsResourceExhausted()
    {
        await using var small = await TestService.StartAsync(GeneratorApp.Build, "--Hosting:MaxMessageMegabytes=1");
        var client = new GeneratorService.GeneratorServiceClient(small.Channel);

        var failure = await TestService.FailsAsync(() => RunningGenerator.EventsAsync(client, new GenerateRequest { Prompt = new string('a', 2 << 20) }));

        failure.StatusCode.ShouldBe(StatusCode.ResourceExhausted);
    }

    private static Segment Blank(int width, int height) => new()
    {
        Phrase = "a car",
        Score = 2,
        Mask = new Mask { Width = width, Height = height, Counts = { (uint)(width * height) } },
    };

    private static Segment Wrong(uint[] counts) => new() { Phrase = "a car", Score = 2, Mask = new Mask { Width = 2, Height = 2, Counts = { counts } } };
}
