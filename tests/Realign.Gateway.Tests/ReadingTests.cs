using Realign.Gateway.Tests.Fakes;
using Realign.V1;
using Shouldly;
using Xunit;
using EventCase = Realign.V1.RealignResponse.EventOneofCase;

namespace Realign.Gateway.Tests;

/// <summary>What VERIFY asks: the demand once, and of an image only what can still decide.</summary>
public sealed class ReadingTests
{
    [Fact]
    public async Task PromptWithoutObjects_HasALikelihoodAndNoVerdict()
    {
        var (events, verification) = await Calls.VerifyAsync(Seen.RedCar, []);

        events.Single(message => message.EventCase == EventCase.Demand).Demand.NothingBecause.ShouldContain("no object");
        verification.Objects.ShouldBeEmpty();
        (verification.Verified, verification.LogLikelihood).ShouldBe((false, -1));
        events[^1].Result.Refined.ShouldBeTrue();
        events[^1].Result.Accepted.Reason.ShouldBe(AcceptReason.BestOfAttempts);
    }

    [Fact]
    public async Task Demand_IsAskedOnceAndComesBeforeTheFirstVerification()
    {
        await using var mesh = await FakeMesh.StartAsync();
        var asked = new List<string>();
        Seen.Show(mesh, _ => Seen.BlueCar, Seen.Entity("car", "red"));
        var entities = mesh.Behavior.Entities;
        mesh.Behavior.Entities = request =>
        {
            asked.Add(request.Prompt);
            return entities(request);
        };

        var events = await Calls.RealignAsync(mesh, "a red car", request => request.Attempts = 3);

        asked.ShouldBe(["a red car"]);
        var order = events.Select(message => message.EventCase).ToList();
        order.Count(kind => kind == EventCase.Verification).ShouldBe(6);
        order.IndexOf(EventCase.Demand).ShouldBeLessThan(order.IndexOf(EventCase.Verification));
        events.Single(message => message.EventCase == EventCase.Demand).Attempt.ShouldBe(0);
    }

    [Fact]
    public async Task WhatSegmentFound_IsNotLookedForAgain()
    {
        await using var mesh = await FakeMesh.StartAsync();
        Seen.Show(mesh, _ => Seen.RedCar, Seen.Entity("car", "red"), Seen.Entity("elephant", "pink"));
        var asked = Ask(mesh);

        var events = await Calls.RealignAsync(mesh, "a red car and a pink elephant");

        // of the coarse image, SEGMENT has found the car; of the refined one, nothing is known
        asked.Grounded.Select(request => (FakeBehavior.IsCoarse(request.Image), string.Join(',', request.Phrases)))
            .ShouldBe([(true, "elephant"), (false, "car,elephant")]);
        asked.Grounded.ShouldAllBe(request => request.NameColors);
        var coarse = events.First(message => message.EventCase == EventCase.Verification).Verification;
        coarse.Objects.Select(item => item.Verdict).ShouldBe([Verdict.Confirmed, Verdict.Contradicted]);
        coarse.Objects[0].Attributes[0].Evidence[0].Text.ShouldBe("the mask is 90 % red, 10 % black");
    }

    [Fact]
    public async Task SegmentsAnswer_ThatIsNone_IsAskedForAgain()
    {
        await using var mesh = await FakeMesh.StartAsync();
        Seen.Show(mesh, _ => Seen.RedCar, Seen.Entity("car", "red"));
        var (ground, asked) = (mesh.Behavior.Ground!, 0);
        // VERIFY asks for the very phrase of SEGMENT
        mesh.Behavior.Segment = request => ++asked > 1 ? ground(request) : new SegmentResponse
        {
            Phrases = { new GroundedPhrase { Phrase = "car", Detections = { new Detection { Score = float.NaN } } } },
        };

        var verification = (await Calls.RealignAsync(mesh, "a red car"))[^1].Result.Verification;

        asked.ShouldBe(2);
        (verification.Verified, verification.Unread.Count).ShouldBe((true, 0));
    }

    [Fact]
    public async Task ImageThatTheMasksDecide_NeedsNoOtherReader()
    {
        await using var mesh = await FakeMesh.StartAsync();
        Seen.Show(mesh, image => image.StartsWith("coarse", StringComparison.Ordinal) ? Seen.BlueCar : Seen.RedCar, Seen.Entity("car", "red"));
        var asked = Ask(mesh);

        var verification = (await Calls.RealignAsync(mesh, "a red car"))[^1].Result.Verification;

        verification.Verified.ShouldBeTrue();
        asked.Grounded.ShouldHaveSingleItem().Phrases.ShouldBe(["car"]);
        // TAG and CAPTION read the coarse image; only its likelihood could have to be compared
        asked.Tagged.ShouldHaveSingleItem().ShouldBe("coarse image");
        asked.Captioned.ShouldHaveSingleItem().ShouldBe("coarse image");
        asked.Scored.ShouldHaveSingleItem().ShouldBe("coarse image");
        verification.HasLogLikelihood.ShouldBeFalse();
    }

    [Theory]
    [InlineData(0.4f, true, true, false)]
    [InlineData(0.4f, false, true, true)]
    [InlineData(0.8f, false, false, true)]
    [InlineData(0.8f, true, false, false)]
    public async Task RefinedImage_IsTaggedWhereAPlaceIsWeak_AndCaptionedWhereNoMaskTells(float score, bool hasColors, bool isTagged, bool isCaptioned)
    {
        await using var mesh = await FakeMesh.StartAsync();
        var refined = hasColors
            ? new Seen { Found = { ["car"] = [Seen.Colored(0, 4, score, ("red", 1))] } }
            : new Seen { Found = { ["car"] = [FakeBehavior.Column(0, 4, score)] }, ColorNames = [], Caption = "a red car" };
        Seen.Show(mesh, image => image.StartsWith("coarse", StringComparison.Ordinal) ? Seen.BlueCar : refined, Seen.Entity("car", "red"));
        var asked = Ask(mesh);

        var verification = (await Calls.RealignAsync(mesh, "a red car"))[^1].Result.Verification;

        verification.Objects[0].Verdict.ShouldBe(Verdict.Confirmed);
        asked.Tagged.Contains("refined image").ShouldBe(isTagged);
        asked.Captioned.Contains("refined image").ShouldBe(isCaptioned);
    }

    [Fact]
    public async Task Descriptions_AreLookedForOnlyWhereANounHasSeveralObjects()
    {
        await using var mesh = await FakeMesh.StartAsync();
        Seen.Show(mesh, _ => Seen.Nothing, Seen.Entity("car", "red"), Seen.Entity("car", "blue", instance: 2), Seen.Entity("cat", "black"));
        mesh.Behavior.ScoreScene = _ => new ScoreSceneResponse { Entries = { FakeBehavior.Entry("place", "a place") } };
        var asked = Ask(mesh);

        _ = await Calls.RealignAsync(mesh, "a red car, a blue car and a black cat");

        asked.Grounded.ShouldNotBeEmpty();
        asked.Grounded.ShouldAllBe(request => string.Join(',', request.Phrases) == "car,cat,red car,blue car");
    }

    /// <summary>What is asked from now on: of the segmenter by VERIFY, of the others by all stages, by the images' texts.</summary>
    private static Requests Ask(FakeMesh mesh)
    {
        var requests = new Requests([], [], [], []);
        var (ground, tag, caption, score) = (mesh.Behavior.Ground!, mesh.Behavior.Tag, mesh.Behavior.Caption, mesh.Behavior.ScorePrompt);
        mesh.Behavior.Ground = request =>
        {
            requests.Grounded.Add(request);
            return ground(request);
        };
        mesh.Behavior.Tag = request =>
        {
            requests.Tagged.Add(request.Image.Encoded.ToStringUtf8());
            return tag(request);
        };
        mesh.Behavior.Caption = request =>
        {
            requests.Captioned.Add(request.Image.Encoded.ToStringUtf8());
            return caption(request);
        };
        mesh.Behavior.ScorePrompt = request =>
        {
            requests.Scored.AddRange(request.Items.Select(item => item.Image.Encoded.ToStringUtf8()));
            return score(request);
        };
        return requests;
    }

    private sealed record Requests(List<SegmentRequest> Grounded, List<string> Tagged, List<string> Captioned, List<string> Scored);
}
