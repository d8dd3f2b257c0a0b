using Google.Protobuf;
using Grpc.Core;
using Realign.Gateway.Tests.Fakes;
using Realign.Testing;
using Realign.V1;
using Shouldly;
using Xunit;
using EventCase = Realign.V1.RealignResponse.EventOneofCase;

namespace Realign.Gateway.Tests;

/// <summary>The flow when every backend answers.</summary>
public sealed class RealignTests
{
    [Fact]
    public async Task Realign_StreamsEveryIntermediateResult_ResultLast()
    {
        await using var mesh = await FakeMesh.StartAsync();

        var events = await Calls.RealignAsync(mesh, "a red car");

        var order = events.Select(message => message.EventCase).ToList();
        events.Where(message => message.Attempt == 1).Take(2).Select(message => message.EventCase).ShouldBe([EventCase.AttemptStarted, EventCase.Started]);
        order[^1].ShouldBe(EventCase.Result);
        foreach (var expected in new[] { EventCase.Coarse, EventCase.Tags, EventCase.Caption, EventCase.Scene, EventCase.Segments, EventCase.Refined })
            order.Count(kind => kind == expected).ShouldBe(1, expected.ToString());
        order.IndexOf(EventCase.Tags).ShouldBeLessThan(order.IndexOf(EventCase.Scene));
        // the coarse image is verified before anything is refined, the refined one last
        int[] path = [order.IndexOf(EventCase.Segments), order.IndexOf(EventCase.Verification), order.IndexOf(EventCase.Refined),
            order.LastIndexOf(EventCase.Verification), order.IndexOf(EventCase.Accepted)];
        path.ShouldBeInOrder(SortDirection.Ascending);
        order.Count(kind => kind == EventCase.Verification).ShouldBe(2);
        order.Count(kind => kind == EventCase.Demand).ShouldBe(1);
        events.Count(message => message.EventCase == EventCase.Progress).ShouldBe(2);
        var result = events[^1].Result;
        result.Refined.ShouldBeTrue();
        result.NotRefinedBecause.ShouldBeEmpty();
        result.Png.ShouldBe(FakeBehavior.RefinedPng);
        result.Timings.Select(timing => timing.Stage)
            .ShouldBe([Stage.Coarse, Stage.Tag, Stage.Caption, Stage.Scene, Stage.Segment, Stage.Verify, Stage.Refine, Stage.Verify], ignoreOrder: true);
    }

    [Fact]
    public async Task Refine_UsesTheSeedThatWasUsedAndTheCallersModulation()
    {
        await using var mesh = await FakeMesh.StartAsync();

        var (picture, mask) = (new Image { Encoded = ByteString.CopyFromUtf8("picture") }, new Image { Encoded = ByteString.CopyFromUtf8("mask") });
        await Calls.RealignAsync(mesh, "a red car", request =>
        {
            request.Generate.Modulation = new Modulation { StepFraction = 0.5f };
            (request.Generate.InitImage, request.Generate.Mask, request.Generate.Strength) = (picture, mask, 0.5f);
        });

        var generated = mesh.Behavior.Generated.ToArray();
        generated.Length.ShouldBe(2);
        generated.ShouldAllBe(request => request.InitImage.Equals(picture) && request.Mask.Equals(mask) && Math.Abs(request.Strength - 0.5f) < 1e-6);
        // the generator checks the settings before anything is generated
        generated[0].Modulation.ShouldBe(new Modulation { StepFraction = 0.5f });
        generated[1].Seed.ShouldBe(4711ul);
        generated[1].Modulation.StepFraction.ShouldBe(0.5f);
        var segment = generated[1].Modulation.Segments.ShouldHaveSingleItem();
        segment.Phrase.ShouldBe("a red car");
        segment.Score.ShouldBe(2);
    }

    [Fact]
    public async Task PromptWithSyntax_IsDrawnAsItIs_AndReadWithoutIt()
    {
        await using var mesh = await FakeMesh.StartAsync();
        var asked = SceneAsked(mesh);

        await Calls.RealignAsync(mesh, "a (red car:1.3)", request =>
            (request.Generate.PromptSyntax, request.Generate.PromptChunks) = (PromptSyntax.Weighted, 2));

        asked().Prompt.ShouldBe("a red car");
        mesh.Behavior.Generated.ShouldAllBe(request => request.Prompt == "a (red car:1.3)" && request.PromptSyntax == PromptSyntax.Weighted
            && request.PromptChunks == 2);
    }

    [Fact]
    public async Task WordOfAnEmbedding_IsDrawnAsItIs_AndReadAsPlainWords()
    {
        await using var mesh = await FakeMesh.StartAsync();
        var asked = SceneAsked(mesh);

        await Calls.RealignAsync(mesh, "a red <cat-toy>", request =>
            request.Generate.TextualInversions.Add(new TextualInversion { Name = "toys/cat", Token = "<cat-toy>" }));

        asked().Prompt.ShouldBe("a red cat toy");
        mesh.Behavior.Generated.ShouldAllBe(request => request.Prompt == "a red <cat-toy>" && request.TextualInversions[0].Token == "<cat-toy>");
    }

    [Fact]
    public async Task TheTagIsGrounded_NotThePhrase_AndScoreZeroIsNotLookedFor()
    {
        await using var mesh = await FakeMesh.StartAsync();
        SegmentRequest? asked = null;
        var segment = mesh.Behavior.Segment;
        mesh.Behavior.Segment = request => segment(asked = request);
        mesh.Behavior.Ground = segment;
        mesh.Behavior.Tag = _ => new TagResponse
        {
            Tags =
            {
                new Tag { Name = "vase", Groundable = true }, new Tag { Name = "table", Groundable = true }, new Tag { Name = "sky", Groundable = false },
            },
        };
        mesh.Behavior.ScoreScene = request => new ScoreSceneResponse
        {
            Entries =
            {
                new SceneEntry { Tag = "vase", Score = 2, Phrase = "a yellow vase", Source = EntrySource.Tag },
                new SceneEntry { Tag = "table", Score = 0, Source = EntrySource.Tag },
            },
        };

        var events = await Calls.RealignAsync(mesh, "a yellow vase");

        asked!.Phrases.ShouldBe(["vase"]);
        events[^1].Result.Segments.ShouldHaveSingleItem().Phrase.ShouldBe("a yellow vase");
    }

    [Fact]
    public async Task UngroundableAndDuplicateTags_AreNotSentToTheSceneScorer()
    {
        await using var mesh = await FakeMesh.StartAsync();
        var asked = SceneAsked(mesh);
        mesh.Behavior.Tag = _ => new TagResponse
        {
            Tags =
            {
                new Tag { Name = "car", Groundable = true }, new Tag { Name = "red", Groundable = false }, new Tag { Name = "CAR", Groundable = true },
            },
        };

        await Calls.RealignAsync(mesh, "a red car");

        asked().Tags.ShouldBe(["car"]);
    }

    [Fact]
    public async Task MissingObject_IsReportedAndTheOthersSteer()
    {
        await using var mesh = await FakeMesh.StartAsync();
        mesh.Behavior.ScoreScene = _ => new ScoreSceneResponse
        {
            Entries =
            {
                new SceneEntry { Tag = "car", Score = 2, Phrase = "a red car", Source = EntrySource.Tag },
                new SceneEntry { Tag = "elephant", Score = 2, Phrase = "a pink elephant", Source = EntrySource.Missing },
            },
        };

        var result = (await Calls.RealignAsync(mesh, "a red car and a pink elephant"))[^1].Result;

        result.Refined.ShouldBeTrue();
        result.Segments.ShouldHaveSingleItem();
        var unused = result.Unused.ShouldHaveSingleItem();
        unused.Tag.ShouldBe("elephant");
        unused.Reason.ShouldContain("coarse image");
    }

    [Fact]
    public async Task NothingLocated_GivesTheCoarseImageWithTheReason()
    {
        await using var mesh = await FakeMesh.StartAsync();
        mesh.Behavior.Segment = request => new SegmentResponse { Phrases = { request.Phrases.Select(phrase => new GroundedPhrase { Phrase = phrase }) } };

        var events = await Calls.RealignAsync(mesh, "a red car");

        var result = events[^1].Result;
        result.Refined.ShouldBeFalse();
        result.NotRefinedBecause.ShouldContain("car");
        result.Png.ShouldBe(FakeBehavior.CoarsePng);
        events.ShouldNotContain(message => message.Stage == Stage.Refine);
    }

    [Fact]
    public async Task SegmentsWithoutEffect_AreReportedAsNotRefined()
    {
        await using var mesh = await FakeMesh.StartAsync();
        var generate = mesh.Behavior.Generate;
        mesh.Behavior.Generate = request =>
        {
            var generated = generate(request).ToList();
            foreach (var report in generated[^1].Result.Segments)
                report.IgnoredBecause = "its phrase has no token in the prompt";
            return generated;
        };

        var result = (await Calls.RealignAsync(mesh, "a red car"))[^1].Result;

        result.Refined.ShouldBeFalse();
        result.NotRefinedBecause.ShouldContain("no token");
    }

    [Fact]
    public async Task TruncatedPrompt_IsInTheResult()
    {
        await using var mesh = await FakeMesh.StartAsync();
        var generate = mesh.Behavior.Generate;
        mesh.Behavior.Generate = request =>
        {
            var generated = generate(request).ToList();
            generated[^1].Result.TruncatedPrompt = "and a blue bus";
            return generated;
        };

        (await Calls.RealignAsync(mesh, "a very long prompt and a blue bus"))[^1].Result.TruncatedPrompt.ShouldBe("and a blue bus");
    }

    [Fact]
    public async Task SegmentsInTheRequest_AreInvalid()
    {
        await using var mesh = await FakeMesh.StartAsync();

        var failure = await TestService.FailsAsync(() => Calls.RealignAsync(mesh, "a", request =>
            request.Generate.Modulation = new Modulation { Segments = { new Segment { Phrase = "a" } } }));

        failure.StatusCode.ShouldBe(StatusCode.InvalidArgument);
        failure.Status.Detail.ShouldContain("generate.modulation.segments");
    }

    [Theory]
    [InlineData("")]
    [InlineData("  ")]
    [InlineData("nul \0 inside")]
    public async Task UnusablePrompt_IsInvalid(string prompt)
    {
        await using var mesh = await FakeMesh.StartAsync();

        var failure = await TestService.FailsAsync(() => Calls.RealignAsync(mesh, prompt));

        failure.StatusCode.ShouldBe(StatusCode.InvalidArgument);
        failure.Status.Detail.ShouldContain("generate.prompt");
        mesh.Behavior.Calls(Stage.Coarse).ShouldBe(0);
    }

    // what SCENE was asked for last
    private static Func<ScoreSceneRequest> SceneAsked(FakeMesh mesh)
    {
        ScoreSceneRequest? asked = null;
        var score = mesh.Behavior.ScoreScene;
        mesh.Behavior.ScoreScene = request => score(asked = request);
        return () => asked!;
    }
}
