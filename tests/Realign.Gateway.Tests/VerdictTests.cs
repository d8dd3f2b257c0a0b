using Realign.Gateway.Tests.Fakes;
using Realign.V1;
using Shouldly;
using Xunit;
using EventCase = Realign.V1.RealignResponse.EventOneofCase;

namespace Realign.Gateway.Tests;

/// <summary>What VERIFY makes of what the readers say.</summary>
public sealed class VerdictTests
{
    [Fact]
    public async Task ObjectInItsColor_IsConfirmed_AndNothingIsRefined()
    {
        var (events, verification) = await VerifyAsync(Seen.RedCar, [Seen.Entity("car", "red")]);

        var car = verification.Objects.ShouldHaveSingleItem();
        (car.Verdict, car.Presence, car.Found).ShouldBe((Verdict.Confirmed, Verdict.Confirmed, 1));
        car.Boxes.ShouldHaveSingleItem().X1.ShouldBe(4);
        car.PresenceEvidence.Select(evidence => (evidence.Reader, evidence.Verdict))
            .ShouldBe([("tagger", Verdict.Confirmed), ("segmenter", Verdict.Confirmed)]);
        var red = car.Attributes.ShouldHaveSingleItem();
        (red.Attribute, red.Verdict).ShouldBe(("red", Verdict.Confirmed));
        red.Evidence[0].Text.ShouldBe("the mask is 90 % red, 10 % black");
        (verification.Verified, verification.Contradicted, verification.Missing, verification.Unknown).ShouldBe((true, 0, 0, 0));
        verification.LogLikelihood.ShouldBe(-1);
        verification.Unread.ShouldBeEmpty();
        events.ShouldNotContain(message => message.Stage == Stage.Refine);
        events[^1].Result.Refined.ShouldBeFalse();
        events[^1].Result.NotRefinedBecause.ShouldContain("everything");
        events[^1].Result.Verification.ShouldBe(verification);
    }

    [Fact]
    public async Task AnotherColorInTheMask_Contradicts_WhateverTheCaptionSays()
    {
        var (events, verification) = await VerifyAsync(Seen.BlueCar with { Caption = "a red car" }, [Seen.Entity("car", "red")]);

        var red = verification.Objects[0].Attributes[0];
        red.Verdict.ShouldBe(Verdict.Contradicted);
        red.Evidence.Select(evidence => (evidence.Reader, evidence.Verdict)).ShouldBe([("color", Verdict.Contradicted), ("caption", Verdict.Confirmed)]);
        (verification.Objects[0].Verdict, verification.Objects[0].Presence).ShouldBe((Verdict.Contradicted, Verdict.Confirmed));
        (verification.Verified, verification.Contradicted, verification.Missing).ShouldBe((false, 1, 0));
        events.ShouldContain(message => message.EventCase == EventCase.Refined);
    }

    [Theory]
    [InlineData("red", 0.45f, 0.4f, Verdict.Confirmed)]
    [InlineData("red", 0.4f, 0.45f, Verdict.Unknown)]
    [InlineData("red", 0.2f, 0.7f, Verdict.Contradicted)]
    [InlineData("red blue", 0.7f, 0.2f, Verdict.Confirmed)]
    public async Task MixedMask_IsContradictedOnlyByAClearlyLargerColor(string demanded, float red, float blue, Verdict verdict)
    {
        var seen = new Seen { Found = { ["car"] = [Seen.Colored(0, 4, 0.8f, ("red", red), ("blue", blue))] } };

        var (_, verification) = await VerifyAsync(seen, [Seen.Entity("car", demanded)]);

        verification.Objects[0].Attributes.ShouldAllBe(attribute => attribute.Verdict == verdict);
    }

    [Theory]
    [InlineData("a red car on a street", Verdict.Confirmed)]
    [InlineData("two red cars", Verdict.Confirmed)]
    [InlineData("the car is red", Verdict.Confirmed)]
    [InlineData("a blue and white bus, and a red old car", Verdict.Confirmed)]
    [InlineData("a blue car", Verdict.Contradicted)]
    [InlineData("the car is blue", Verdict.Contradicted)]
    [InlineData("a red bus and a car", Verdict.Unknown)]
    [InlineData("a carpet in red", Verdict.Unknown)]
    [InlineData("", Verdict.Unknown)]
    public async Task WithoutAColorTable_TheCaptionSpeaks(string caption, Verdict verdict)
    {
        var seen = new Seen { Found = { ["car"] = [FakeBehavior.Column(0, 4, 0.8f)] }, ColorNames = [], Caption = caption };

        var (_, verification) = await VerifyAsync(seen, [Seen.Entity("car", "red")]);

        verification.Objects[0].Attributes[0].Verdict.ShouldBe(verdict);
        verification.Verified.ShouldBe(verdict != Verdict.Contradicted);
    }

    [Fact]
    public async Task ColorThatTheTableDoesNotHave_IsNotJudgedByTheMask()
    {
        var (_, verification) = await VerifyAsync(Seen.BlueCar, [Seen.Entity("car", "turquoise")]);

        verification.Objects[0].Attributes[0].Verdict.ShouldBe(Verdict.Unknown);
    }

    [Fact]
    public async Task AttributeThatNobodyCanRead_IsUnknown_AndTheImageIsRefinedAllTheSame()
    {
        var seen = Seen.RedCar;
        seen.Found["old red car"] = [FakeBehavior.Column(0, 4, 0.9f)];

        var (events, verification) = await VerifyAsync(seen, [Seen.Entity("car", "old red")]);

        var old = verification.Objects[0].Attributes[0];
        old.Verdict.ShouldBe(Verdict.Unknown);
        // that the description is found supports it, and decides nothing
        old.Evidence.Last().ShouldBe(new Evidence
        {
            Reader = "segmenter",
            Verdict = Verdict.Confirmed,
            Text = "\"old red car\" is found there as surely as \"car\"",
        });
        (verification.Objects[0].Verdict, verification.Unknown, verification.Verified).ShouldBe((Verdict.Unknown, 1, true));
        events.ShouldContain(message => message.EventCase == EventCase.Refined);
        events[^1].Result.Accepted.Reason.ShouldBe(AcceptReason.Verified);
    }

    [Fact]
    public async Task ObjectThatNeitherTaggerNorSegmenterFind_IsMissing()
    {
        var (_, verification) = await VerifyAsync(Seen.RedCar, [Seen.Entity("car", "red"), Seen.Entity("elephant", "pink")]);

        var elephant = verification.Objects[1];
        (elephant.Entity, elephant.Presence, elephant.Verdict).ShouldBe((1, Verdict.Contradicted, Verdict.Contradicted));
        elephant.Attributes.ShouldHaveSingleItem().Verdict.ShouldBe(Verdict.Unknown);
        (verification.Verified, verification.Contradicted, verification.Missing).ShouldBe((false, 0, 1));
    }

    [Fact]
    public async Task ObjectThatOnlyTheTaggerNames_IsThere_WithoutAPlace()
    {
        var (_, verification) = await VerifyAsync(Seen.Nothing with { Tags = ["Elephants"] }, [Seen.Entity("elephant", "pink")]);

        var elephant = verification.Objects[0];
        (elephant.Presence, elephant.Verdict, elephant.Boxes.Count).ShouldBe((Verdict.Confirmed, Verdict.Unknown, 0));
    }

    [Theory]
    [InlineData("teddy bear", Verdict.Confirmed)]
    [InlineData("bear", Verdict.Confirmed)]
    [InlineData("gummy bear", Verdict.Contradicted)]
    [InlineData("bearing", Verdict.Contradicted)]
    public async Task Tag_NamesAnObject_WithWordsOfThePromptOnly(string tag, Verdict verdict)
    {
        var (_, verification) = await VerifyAsync(Seen.Nothing with { Tags = [tag] }, [Seen.Entity("bear", "brown teddy")]);

        verification.Objects[0].Presence.ShouldBe(verdict);
    }

    [Fact]
    public async Task PlaceThatAnotherDemandedNounExplainsBetter_IsNotShared()
    {
        var seen = new Seen
        {
            Tags = ["bus"],
            Found = { ["car"] = [FakeBehavior.Column(0, 4, 0.4f)], ["bus"] = [FakeBehavior.Column(0, 4, 0.9f)] },
        };

        var (_, verification) = await VerifyAsync(seen, [Seen.Entity("car"), Seen.Entity("bus")]);

        verification.Objects.Select(item => item.Presence).ShouldBe([Verdict.Contradicted, Verdict.Confirmed]);
        verification.Objects[0].PresenceEvidence.Last().Text.ShouldContain("is the bus");
    }

    [Fact]
    public async Task TwoObjectsOfOneNoun_EachGetsThePlaceOfItsColor()
    {
        var seen = new Seen { Found = { ["car"] = [Seen.Colored(0, 3, 0.9f, ("blue", 1)), Seen.Colored(6, 9, 0.8f, ("red", 1))] } };

        var (_, verification) = await VerifyAsync(seen, [Seen.Entity("car", "red"), Seen.Entity("car", "blue", instance: 2)]);

        verification.Objects.ShouldAllBe(item => item.Verdict == Verdict.Confirmed);
        verification.Objects.Select(item => item.Boxes.Single().X0).ShouldBe([6, 0]);
    }

    [Fact]
    public async Task OneObject_IsTheOneOfItsColor_NotTheSurestOne()
    {
        var seen = new Seen { Found = { ["car"] = [Seen.Colored(0, 3, 0.9f, ("blue", 1)), Seen.Colored(6, 9, 0.8f, ("red", 1))] } };

        var (_, verification) = await VerifyAsync(seen, [Seen.Entity("car", "red")]);

        verification.Objects[0].Verdict.ShouldBe(Verdict.Confirmed);
        verification.Objects[0].Boxes.ShouldHaveSingleItem().X0.ShouldBe(6);
    }

    [Fact]
    public async Task SameObjectThreeTimes_NeedsThreePlaces()
    {
        var seen = new Seen { Found = { ["cat"] = [Seen.Colored(0, 2, 0.9f, ("red", 1)), Seen.Colored(4, 6, 0.8f, ("red", 1))] } };
        Entity[] cats = [Seen.Entity("cat", "red"), Seen.Entity("cat", "red", instance: 2), Seen.Entity("cat", "red", instance: 3)];

        var (_, verification) = await VerifyAsync(seen, cats);

        verification.Objects.Select(item => item.Presence).ShouldBe([Verdict.Confirmed, Verdict.Confirmed, Verdict.Contradicted]);
        // the tagger names the cat, but it cannot count
        verification.Objects[2].PresenceEvidence.ShouldHaveSingleItem().Reader.ShouldBe("segmenter");
        verification.Missing.ShouldBe(1);
    }

    [Fact]
    public async Task CaptionWithFewerOfANoun_DoesNotContradictTheOther()
    {
        var seen = new Seen { ColorNames = [], Found = { ["car"] = [FakeBehavior.Column(0, 3, 0.9f), FakeBehavior.Column(6, 9, 0.8f)] } };
        Entity[] cars = [Seen.Entity("car", "red"), Seen.Entity("car", "blue", instance: 2)];

        var (_, one) = await VerifyAsync(seen with { Caption = "a blue car" }, cars);
        var (_, two) = await VerifyAsync(seen with { Caption = "a blue car and a green car" }, cars);

        one.Objects.Select(item => item.Attributes[0].Verdict).ShouldBe([Verdict.Unknown, Verdict.Confirmed]);
        two.Objects.Select(item => item.Attributes[0].Verdict).ShouldBe([Verdict.Contradicted, Verdict.Confirmed]);
    }

    [Theory]
    [InlineData(2, Verdict.Contradicted)]
    [InlineData(3, Verdict.Confirmed)]
    [InlineData(4, Verdict.Contradicted)]
    public async Task Count_IsComparedWithWhatIsFound(int found, Verdict verdict)
    {
        var places = Enumerable.Range(0, found).Select(i => FakeBehavior.Column(2 * i, (2 * i) + 1, 0.9f)).ToArray();

        var (_, verification) = await VerifyAsync(new Seen { Found = { ["cat"] = places } }, [Seen.Entity("cat", count: 3, plural: true)]);

        var cats = verification.Objects.ShouldHaveSingleItem();
        (cats.Count, cats.Found, cats.Verdict).ShouldBe((verdict, found, verdict));
        verification.Contradicted.ShouldBe(verdict == Verdict.Contradicted ? 1 : 0);
    }

    [Fact]
    public async Task ColorsOfSeveral_MustAllBeRight()
    {
        var seen = new Seen { Found = { ["cat"] = [Seen.Colored(0, 2, 0.9f, ("black", 1)), Seen.Colored(4, 6, 0.8f, ("white", 1))] } };

        var (_, verification) = await VerifyAsync(seen, [Seen.Entity("cat", "black", count: 2, plural: true)]);

        verification.Objects[0].Count.ShouldBe(Verdict.Confirmed);
        verification.Objects[0].Attributes[0].Verdict.ShouldBe(Verdict.Contradicted);
        verification.Objects[0].Attributes[0].Evidence[0].Text.ShouldBe("the mask is 100 % white");
    }

    [Fact]
    public async Task TwelveObjects_AreAllJudged()
    {
        string[] nouns = ["car", "bus", "cat", "dog", "bird", "fish", "chair", "book", "house", "tree", "clock", "duck"];
        var seen = new Seen();
        foreach (var (noun, i) in nouns.Take(10).Select((noun, i) => (noun, i)))
            seen.Found[noun] = [Seen.Colored(i, i + 1, 0.8f, ("red", 1))];

        var (_, verification) = await VerifyAsync(seen, [.. nouns.Select(noun => Seen.Entity(noun, "red"))]);

        verification.Objects.Select(item => item.Entity).ShouldBe(Enumerable.Range(0, 12));
        verification.Objects.Count(item => item.Verdict == Verdict.Confirmed).ShouldBe(10);
        verification.Missing.ShouldBe(2);
    }

    [Fact]
    public async Task MoreObjectsThanTheSegmenterLooksFor_AreUnknownWhereNobodyLooked()
    {
        var nouns = Enumerable.Range(0, 70).Select(i => FormattableString.Invariant($"thing{i}")).ToList();

        var (_, verification) = await VerifyAsync(Seen.Nothing, [.. nouns.Select(noun => Seen.Entity(noun))]);

        verification.Missing.ShouldBe(64);
        verification.Unknown.ShouldBe(6);
    }

    [Fact]
    public async Task PromptWithoutObjects_HasALikelihoodAndNoVerdict()
    {
        var (events, verification) = await VerifyAsync(Seen.RedCar, []);

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

    private static async Task<(List<RealignResponse> Events, Verification Verification)> VerifyAsync(Seen seen, Entity[] demand)
    {
        await using var mesh = await FakeMesh.StartAsync();
        Seen.Show(mesh, _ => seen, demand);
        mesh.Behavior.ScoreScene = _ => new ScoreSceneResponse { Entries = { FakeBehavior.Entry("place", "a place") } };
        var segment = mesh.Behavior.Segment;
        // the fine stage has something to refine whatever is seen
        mesh.Behavior.Segment = request => request.NameColors
            ? segment(request)
            : new SegmentResponse { Phrases = { request.Phrases.Select(phrase => FakeBehavior.Grounded(phrase, FakeBehavior.MaskOf(4, 4, 5, 6))) } };
        var events = await Calls.RealignAsync(mesh, "a prompt");
        return (events, events.First(message => message.EventCase == EventCase.Verification).Verification);
    }
}
