using Google.Protobuf;
using System.Runtime.InteropServices;
using Grpc.Health.V1;
using Realign.Imaging;
using Realign.V1;
using Shouldly;
using Xunit;

namespace Realign.Generator.Tests;

/// <summary>What a call gives, on the miniature, over real gRPC.</summary>
public sealed class GenerateTests(RunningGenerator generator) : IClassFixture<RunningGenerator>
{
    [Fact]
    public async Task Stream_TellsEachStep_AndEndsWithOneResult()
    {
        var events = await generator.EventsAsync(Requests.Plain());

        var progress = events.Where(told => told.EventCase == GenerateResponse.EventOneofCase.Progress).Select(told => told.Progress).ToList();
        progress.Select(step => step.Step).ShouldBe(Enumerable.Range(0, 7));
        progress.ShouldAllBe(step => step.TotalSteps == 6 && !step.Modulated);
        progress.Skip(1).Select(step => step.Timestep).ShouldBe(progress.Skip(1).Select(step => step.Timestep).OrderDescending());
        progress[0].EtaMilliseconds.ShouldBe(0);
        progress.Skip(1).ShouldAllBe(step => step.EtaMilliseconds > 0);
        events.Count(told => told.EventCase == GenerateResponse.EventOneofCase.Result).ShouldBe(1);
        var result = events[^1].Result;
        var image = ImageDecoder.Decode(result.Images.Single().Png.Span);
        (image.Width, image.Height).ShouldBe((64, 64));
        result.Images[0].Seed.ShouldBe(7ul);
        result.EffectivePrompt.ShouldBe(Requests.Prompt);
        result.TruncatedPrompt.ShouldBe("");
        result.Scheduler.ShouldBe(Scheduler.Ddim);
        result.NumInferenceSteps.ShouldBe(6);
        result.GuidanceScale.ShouldBe(4);
        result.Timings.Select(timing => timing.Name).ShouldBe(["queue", "encode_prompt", "denoise", "decode", "encode_png"]);
        result.Model.Name.ShouldBe("miniature");
        (await generator.Service.HealthAsync("generator")).ShouldBe(HealthCheckResponse.Types.ServingStatus.Serving);
    }

    [Fact]
    public async Task Defaults_AreThoseOfTheMiniature()
    {
        var result = await generator.ResultAsync(new GenerateRequest { Prompt = Requests.Prompt });

        result.NumInferenceSteps.ShouldBe(25);
        result.GuidanceScale.ShouldBe(4);
    }

    [Fact]
    public async Task SameSeed_GivesTheSameBytes_AloneOrWithOthers()
    {
        var first = await generator.ResultAsync(Requests.Plain());
        var again = await generator.ResultAsync(Requests.Plain());
        var other = await generator.ResultAsync(Requests.Plain(request => request.Seed = 8));
        var together = await generator.ResultAsync(Requests.Plain(request => request.NumImages = 2));

        again.Images[0].Png.ShouldBe(first.Images[0].Png);
        other.Images[0].Png.ShouldNotBe(first.Images[0].Png);
        together.Images.Select(image => image.Seed).ShouldBe([7ul, 8ul]);
        together.Images.Select(image => image.Png).ShouldBe([first.Images[0].Png, other.Images[0].Png]);
    }

    [Fact]
    public async Task UnsetSeed_IsReported_AndDrawsTheImageAgain()
    {
        var drawn = (await generator.ResultAsync(Requests.Plain(request => request.ClearSeed()))).Images[0];

        var again = await generator.ResultAsync(Requests.Plain(request => request.Seed = drawn.Seed));

        again.Images[0].Png.ShouldBe(drawn.Png);
    }

    [Fact]
    public async Task LargestSeed_IsTaken()
    {
        var result = await generator.ResultAsync(Requests.Plain(request => (request.Seed, request.NumImages) = (ulong.MaxValue, 2)));

        result.Images.Select(image => image.Seed).ShouldBe([ulong.MaxValue, 0ul]);
    }

    [Fact]
    public async Task NegativeSeed_IsItsTwosComplement()
    {
        // field 3 as the signed integer -1, the way a language without unsigned integers writes it
        var request = GenerateRequest.Parser.ParseFrom([.. Requests.Plain().ToByteArray(), 0x18, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]);

        var result = await generator.ResultAsync(request);

        result.Images.Single().Seed.ShouldBe(ulong.MaxValue);
    }

    [Theory]
    [InlineData(Scheduler.Ddim, 6)]
    [InlineData(Scheduler.Ddpm, 6)]
    [InlineData(Scheduler.Pndm, 12)]
    [InlineData(Scheduler.Euler, 6)]
    [InlineData(Scheduler.EulerAncestral, 6)]
    [InlineData(Scheduler.DpmSolverMultistep, 6)]
    [InlineData(Scheduler.Lcm, 6)]
    [InlineData(Scheduler.UniPcMultistep, 6)]
    [InlineData(Scheduler.Heun, 6)]
    [InlineData(Scheduler.Lms, 6)]
    [InlineData(Scheduler.Kdpm2, 6)]
    [InlineData(Scheduler.Kdpm2Ancestral, 6)]
    [InlineData(Scheduler.DeisMultistep, 6)]
    [InlineData(Scheduler.DpmSolverSde, 6)]
    [InlineData(Scheduler.Tcd, 6)]
    [InlineData(Scheduler.DpmSolverSinglestep, 6)]
    [InlineData(Scheduler.DpmSolver2SAncestral, 6)]
    public async Task EveryScheduler_Draws(Scheduler scheduler, int steps)
    {
        var events = await generator.EventsAsync(Requests.Plain(request => (request.Scheduler, request.NumInferenceSteps) = (scheduler, steps)));

        var progress = events.Where(told => told.EventCase == GenerateResponse.EventOneofCase.Progress).Select(told => told.Progress).ToList();
        progress[^1].Step.ShouldBe(progress[^1].TotalSteps);
        progress.Select(step => step.TotalSteps).Distinct().Count().ShouldBe(1);
        events[^1].Result.Scheduler.ShouldBe(scheduler);
        var pixels = ImageDecoder.Decode(events[^1].Result.Images[0].Png.Span).Pixels;
        pixels.Distinct().Count().ShouldBeGreaterThan(16);
    }

    [Fact]
    public async Task ChoicesOfTheSampler_ChangeTheImage()
    {
        async Task<ByteString> DrawAsync(Action<GenerateRequest> change) => (await generator.ResultAsync(Requests.Plain(request =>
        {
            request.Scheduler = Scheduler.DpmSolverMultistep;
            change(request);
        }))).Images[0].Png;

        var plain = await DrawAsync(_ => { });

        (await DrawAsync(request => request.SigmaSpacing = SigmaSpacing.Karras)).ShouldNotBe(plain);
        (await DrawAsync(request => request.SigmaSpacing = SigmaSpacing.Exponential)).ShouldNotBe(plain);
        (await DrawAsync(request => request.SigmaSpacing = SigmaSpacing.AlignYourSteps)).ShouldNotBe(plain);
        (await DrawAsync(request => request.SolverOrder = 3)).ShouldNotBe(plain);
        (await DrawAsync(request => (request.SolverOrder, request.Stochastic) = (3, true))).ShouldNotBe(await DrawAsync(request => request.Stochastic = true));
        (await DrawAsync(request => (request.Scheduler, request.Eta) = (Scheduler.Tcd, 0))).ShouldNotBe(
            await DrawAsync(request => request.Scheduler = Scheduler.Tcd));
        (await DrawAsync(request => request.Stochastic = true)).ShouldNotBe(plain);
        (await DrawAsync(request => request.SolverOrder = 2)).ShouldBe(plain);
    }

    [Fact]
    public async Task NegativePromptAndGuidance_ChangeTheImage()
    {
        var plain = (await generator.ResultAsync(Requests.Plain())).Images[0].Png;

        (await generator.ResultAsync(Requests.Plain(request => request.NegativePrompt = "a red car"))).Images[0].Png.ShouldNotBe(plain);
        (await generator.ResultAsync(Requests.Plain(request => request.GuidanceScale = 1))).Images[0].Png.ShouldNotBe(plain);
        (await generator.ResultAsync(Requests.Plain(request => request.GuidanceRescale = 0.7f))).Images[0].Png.ShouldNotBe(plain);
        (await generator.ResultAsync(Requests.Plain(request => request.Eta = 1))).Images[0].Png.ShouldNotBe(plain);
    }

    [Fact]
    public async Task Size_IsTheRequested()
    {
        var result = await generator.ResultAsync(Requests.Plain(request => (request.Width, request.Height) = (136, 72)));

        var image = ImageDecoder.Decode(result.Images[0].Png.Span);
        (image.Width, image.Height).ShouldBe((136, 72));
    }

    [Fact]
    public async Task Previews_ComeAtTheAskedRateAndSize()
    {
        var events = await generator.EventsAsync(Requests.Plain(request => request.Preview = new PreviewOptions { EverySteps = 2, MaxSize = 32 }));

        var previews = events.Where(told => told.EventCase == GenerateResponse.EventOneofCase.Preview).Select(told => told.Preview).ToList();
        previews.Select(preview => preview.Step).ShouldBe([2, 4]);
        previews.Select(preview => ImageDecoder.Decode(preview.Png.Span).Width).ShouldAllBe(width => width == 32);
        events[^1].Result.Images[0].Png.ShouldBe((await generator.ResultAsync(Requests.Plain())).Images[0].Png);
    }

    [Fact]
    public async Task HeatMaps_OnePerWord_DoNotChangeTheImage()
    {
        var result = await generator.ResultAsync(Requests.Plain(request => (request.HeatMaps, request.NumImages) = (true, 2)));

        var words = Requests.Prompt.Split(' ');
        result.HeatMaps.Select(map => map.Word).ShouldBe([.. words, .. words]);
        result.HeatMaps.Select(map => map.ImageIndex).Distinct().ShouldBe([0, 1]);
        result.HeatMaps[0].TokenIndices.ShouldBe([1]);
        result.HeatMaps.ShouldAllBe(map => map.Map.Shape.SequenceEqual(new long[] { 8, 8 }));
        var values = result.HeatMaps.SelectMany(map => MemoryMarshal.Cast<byte, float>(map.Map.Data.Span).ToArray()).ToList();
        values.ShouldAllBe(value => float.IsFinite(value) && value >= 0);
        values.Max().ShouldBeGreaterThan(0);
    }

    [Fact]
    public async Task LongPrompt_ReportsWhatDidNotFit()
    {
        var result = await generator.ResultAsync(Requests.Plain(request => request.Prompt = string.Join(" and ", Enumerable.Repeat("a red car", 20))));

        result.TruncatedPrompt.ShouldContain("a red car");
    }

    [Fact]
    public async Task LongNegativePrompt_ReportsWhatDidNotFit()
    {
        var result = await generator.ResultAsync(Requests.Plain(request => request.NegativePrompt = string.Join(" and ", Enumerable.Repeat("a blue ball",
            20))));

        result.TruncatedNegativePrompt.ShouldContain("a blue ball");
        result.TruncatedPrompt.ShouldBe("");
        result.Ignored.ShouldBeEmpty();
    }

    [Fact]
    public async Task ValuesWithoutEffect_AreReported()
    {
        var result = await generator.ResultAsync(Requests.Plain(request =>
        {
            (request.GuidanceScale, request.NegativePrompt, request.GuidanceRescale) = (1, "a cat", 0.5f);
            request.Modulation = new Modulation { StepFraction = 0.5f };
            request.Preview = new PreviewOptions { MaxSize = 64 };
        }));

        result.Ignored.Select(ignored => ignored.Field).ShouldBe(["negative_prompt", "guidance_rescale", "modulation", "preview.max_size"]);
        result.Ignored.ShouldAllBe(ignored => ignored.Reason.Length > 0);
        (await generator.ResultAsync(Requests.Plain())).Ignored.ShouldBeEmpty();
    }
}
