using Realign.V1;
using Shouldly;
using Xunit;

namespace Realign.Generator.Tests;

/// <summary>Segments as modulated attention, and what is reported of them.</summary>
public sealed class FineStageTests(RunningGenerator generator) : IClassFixture<RunningGenerator>
{
    [Fact]
    public async Task Segments_ChangeTheImage_InTheFirstSteps()
    {
        var plain = await generator.ResultAsync(Requests.Plain());
        var events = await generator.EventsAsync(Requests.Fine(Requests.Left("a red car"), Requests.Right("a green apple", 0.5f)));

        var result = events[^1].Result;
        result.Images[0].Png.ShouldNotBe(plain.Images[0].Png);
        result.EffectivePrompt.ShouldBe(Requests.Prompt);
        result.Segments.Select(report => report.Phrase).ShouldBe(["a red car", "a green apple"]);
        result.Segments[0].TokenIndices.ShouldBe([1, 2, 3]);
        result.Segments[1].TokenIndices.ShouldBe([5, 6, 7]);
        result.Segments.ShouldAllBe(report => Math.Abs(report.Area - 0.5f) < 1e-6 && report.IgnoredBecause == "");
        Modulated(events).ShouldBe([1, 2]);
    }

    // 0.3 as a float is a little more than 0.3: ceil must not add a step
    [Fact]
    public async Task StepFraction_IsTheNumberTheCallerWrote()
    {
        var request = Requests.Fine(Requests.Left("a red car"));
        request.NumInferenceSteps = 10;
        request.Modulation.StepFraction = 0.3f;

        Modulated(await generator.EventsAsync(request)).ShouldBe([1, 2, 3]);
    }

    [Fact]
    public async Task NoSegments_IsTheSameImageToTheLastBit()
    {
        var plain = await generator.ResultAsync(Requests.Plain());

        var refined = await generator.ResultAsync(Requests.Fine());

        refined.Images[0].Png.ShouldBe(plain.Images[0].Png);
    }

    [Fact]
    public async Task NoStrength_IsTheSameImageToTheLastBit()
    {
        var plain = await generator.ResultAsync(Requests.Plain());
        var request = Requests.Fine(Requests.Left("a red car"), Requests.Right("a green apple"));
        (request.Modulation.CrossAttentionWeight, request.Modulation.SelfAttentionWeight, request.Modulation.ReplaceEmbeddings) = (0, 0, false);

        var events = await generator.EventsAsync(request);

        events[^1].Result.Images[0].Png.ShouldBe(plain.Images[0].Png);
        Modulated(events).ShouldBeEmpty();
    }

    [Theory]
    [InlineData(ModulationMode.Safe)]
    [InlineData(ModulationMode.Exact)]
    public async Task TwoImages_AreThoseOfTheirSeeds(ModulationMode mode)
    {
        GenerateRequest Request(ulong seed, int images)
        {
            var request = Requests.Fine(Requests.Left("a red car"), Requests.Right("a green apple"));
            (request.Modulation.Mode, request.Seed, request.NumImages) = (mode, seed, images);
            return request;
        }

        var together = await generator.ResultAsync(Request(3, 2));

        together.Images[0].Png.ShouldBe((await generator.ResultAsync(Request(3, 1))).Images[0].Png);
        together.Images[1].Png.ShouldBe((await generator.ResultAsync(Request(4, 1))).Images[0].Png);
    }

    [Fact]
    public async Task MissingPhrase_IsAddedToThePrompt()
    {
        var result = await generator.ResultAsync(Requests.Fine(Requests.Left("a red car"), Requests.Right("a blue bird")));

        result.EffectivePrompt.ShouldBe("a red car and a green apple, a blue bird");
        result.Segments[1].TokenIndices.ShouldBe([9, 10, 11]);
        result.Segments[1].IgnoredBecause.ShouldBe("");
    }

    [Fact]
    public async Task UnusableSegments_SayWhy()
    {
        var request = Requests.Fine(
            Requests.Left("a blue ball"), Requests.Right("a red car"), Requests.Right("a green apple", 0.5f),
            Requests.Segment("a red car", 2, (_, _) => false), Requests.Left("a dog", 0), Requests.Segment("\u0301", 2, (_, y) => y < 4));
        request.Modulation.ExtendPrompt = false;

        var result = await generator.ResultAsync(request);

        result.EffectivePrompt.ShouldBe(Requests.Prompt);
        var reasons = result.Segments.Select(report => report.IgnoredBecause).ToList();
        reasons[0].ShouldBe("its phrase does not occur in the prompt");
        reasons[1].ShouldBe("");
        reasons[2].ShouldBe("other segments cover all of it");
        reasons[3].ShouldBe("its mask is empty");
        reasons[4].ShouldBe("its score is 0");
        reasons[5].ShouldNotBe("");
        result.Segments.ShouldAllBe(report => report.TokenIndices.Count > 0 == (report.IgnoredBecause == ""));
    }

    [Fact]
    public async Task PhraseThatFindsNoPlace_LeavesItsPixelsToOthers()
    {
        var request = Requests.Fine(Requests.Left("a blue ball"), Requests.Segment("a red car", 0.5f, (_, _) => true));
        request.Modulation.ExtendPrompt = false;

        (await generator.ResultAsync(request)).Segments[1].Area.ShouldBe(1);
    }

    [Fact]
    public async Task PhraseWithoutRoom_IsReported()
    {
        var request = Requests.Fine(Requests.Left("a blue ball"));
        request.Prompt = string.Join(" and ", Enumerable.Repeat("a red car", 20));

        (await generator.ResultAsync(request)).Segments[0].IgnoredBecause.ShouldBe("its phrase does not fit behind the prompt");
    }

    [Fact]
    public async Task Suppression_NeedsARegionOfAnotherSegment()
    {
        var alone = Requests.Fine(Requests.Left("a green apple", 0));
        alone.Modulation.SuppressZeroScores = true;
        var beside = Requests.Fine(Requests.Right("a red car"), Requests.Left("a green apple", 0));
        var ignored = await generator.ResultAsync(beside);
        beside.Modulation.SuppressZeroScores = true;

        (await generator.ResultAsync(alone)).Segments[0].IgnoredBecause.ShouldContain("no segment of a score above 0");
        var suppressed = await generator.ResultAsync(beside);
        suppressed.Segments[1].IgnoredBecause.ShouldBe("");
        suppressed.Segments[1].TokenIndices.ShouldBe([5, 6, 7]);
        suppressed.Images[0].Png.ShouldNotBe(ignored.Images[0].Png);
    }

    [Fact]
    public async Task MaskOfAnotherSize_IsScaled()
    {
        var result = await generator.ResultAsync(Requests.Fine(Requests.Segment("a red car", 2, (x, _) => x < 5, side: 20)));

        result.Segments[0].Area.ShouldBe(0.25f);
    }

    [Fact]
    public async Task HeatMaps_SeeTheModulation()
    {
        var request = Requests.Fine(Requests.Left("a red car"), Requests.Right("a green apple"));
        request.Modulation.StepFraction = 1;
        request.Modulation.SchedulePower = 0;
        var without = await generator.ResultAsync(request);
        request.HeatMaps = true;
        var plain = Requests.Plain(asked => asked.HeatMaps = true);

        var refined = await generator.ResultAsync(request);

        refined.Images[0].Seed.ShouldBe(without.Images[0].Seed);
        LeftShare(refined, "car").ShouldBeGreaterThan(LeftShare(await generator.ResultAsync(plain), "car"));
        LeftShare(refined, "car").ShouldBeGreaterThan(0.7);
    }

    private static double LeftShare(GenerateResult result, string word)
    {
        var map = result.HeatMaps.First(candidate => candidate.Word == word).Map;
        var values = System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(map.Data.Span).ToArray();
        return values.Where((_, i) => i % 8 < 4).Sum() / values.Sum();
    }

    private static IEnumerable<int> Modulated(IEnumerable<GenerateResponse> events) =>
        events.Where(told => told.EventCase == GenerateResponse.EventOneofCase.Progress && told.Progress.Modulated).Select(told => told.Progress.Step);
}
