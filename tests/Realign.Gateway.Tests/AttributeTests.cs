using Realign.Gateway.Tests.Fakes;
using Realign.V1;
using Shouldly;
using Xunit;
using EventCase = Realign.V1.RealignResponse.EventOneofCase;

namespace Realign.Gateway.Tests;

/// <summary>What VERIFY makes of colors and other attributes.</summary>
public sealed class AttributeTests
{
    [Fact]
    public async Task ObjectInItsColor_IsConfirmed_AndNothingIsRefined()
    {
        var (events, verification) = await Calls.VerifyAsync(Seen.RedCar, [Seen.Entity("car", "red")]);

        var car = verification.Objects.ShouldHaveSingleItem();
        (car.Verdict, car.Presence, car.Found).ShouldBe((Verdict.Confirmed, Verdict.Confirmed, 1));
        car.Boxes.ShouldHaveSingleItem().X1.ShouldBe(4);
        car.PresenceEvidence.Select(evidence => (evidence.Reader, evidence.Verdict))
            .ShouldBe([("tagger", Verdict.Confirmed), ("segmenter", Verdict.Confirmed)]);
        var red = car.Attributes.ShouldHaveSingleItem();
        (red.Attribute, red.Verdict).ShouldBe(("red", Verdict.Confirmed));
        red.Evidence[0].Text.ShouldBe("the mask is 90 % red, 10 % black");
        (verification.Verified, verification.Contradicted, verification.Missing, verification.Unknown).ShouldBe((true, 0, 0, 0));
        // nothing is left that it could decide
        verification.HasLogLikelihood.ShouldBeFalse();
        verification.Unread.ShouldBeEmpty();
        events.ShouldNotContain(message => message.Stage == Stage.Refine);
        events[^1].Result.Refined.ShouldBeFalse();
        events[^1].Result.NotRefinedBecause.ShouldContain("everything");
        events[^1].Result.Verification.ShouldBe(verification);
    }

    [Fact]
    public async Task AnotherColorInTheMask_Contradicts_WhateverTheCaptionSays()
    {
        var (events, verification) = await Calls.VerifyAsync(Seen.BlueCar with { Caption = "a red car" }, [Seen.Entity("car", "red")]);

        var red = verification.Objects[0].Attributes[0];
        red.Verdict.ShouldBe(Verdict.Contradicted);
        red.Evidence.Select(evidence => (evidence.Reader, evidence.Verdict)).ShouldBe([("color", Verdict.Contradicted)]);
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

        var (_, verification) = await Calls.VerifyAsync(seen, [Seen.Entity("car", demanded)]);

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

        var (_, verification) = await Calls.VerifyAsync(seen, [Seen.Entity("car", "red")]);

        verification.Objects[0].Attributes[0].Verdict.ShouldBe(verdict);
        verification.Verified.ShouldBe(verdict != Verdict.Contradicted);
    }

    [Fact]
    public async Task ColorThatTheTableDoesNotHave_IsNotJudgedByTheMask()
    {
        var (_, verification) = await Calls.VerifyAsync(Seen.BlueCar, [Seen.Entity("car", "turquoise")]);

        verification.Objects[0].Attributes[0].Verdict.ShouldBe(Verdict.Unknown);
    }

    [Fact]
    public async Task AttributeThatNobodyCanRead_IsUnknown_AndTheImageIsRefinedAllTheSame()
    {
        var (events, verification) = await Calls.VerifyAsync(Seen.RedCar, [Seen.Entity("car", "old red")]);

        var old = verification.Objects[0].Attributes[0];
        old.Verdict.ShouldBe(Verdict.Unknown);
        old.Evidence.ShouldHaveSingleItem().Text.ShouldBe("the caption does not name the car");
        (verification.Objects[0].Verdict, verification.Unknown, verification.Verified).ShouldBe((Verdict.Unknown, 1, true));
        events.ShouldContain(message => message.EventCase == EventCase.Refined);
        events[^1].Result.Accepted.Reason.ShouldBe(AcceptReason.Verified);
    }

    [Fact]
    public async Task CaptionWithFewerOfANoun_DoesNotContradictTheOther()
    {
        var seen = new Seen { ColorNames = [], Found = { ["car"] = [FakeBehavior.Column(0, 3, 0.9f), FakeBehavior.Column(6, 9, 0.8f)] } };
        Entity[] cars = [Seen.Entity("car", "red"), Seen.Entity("car", "blue", instance: 2)];

        var (_, one) = await Calls.VerifyAsync(seen with { Caption = "a blue car" }, cars);
        var (_, two) = await Calls.VerifyAsync(seen with { Caption = "a blue car and a green car" }, cars);

        one.Objects.Select(item => item.Attributes[0].Verdict).ShouldBe([Verdict.Unknown, Verdict.Confirmed]);
        two.Objects.Select(item => item.Attributes[0].Verdict).ShouldBe([Verdict.Contradicted, Verdict.Confirmed]);
    }

    [Fact]
    public async Task ColorsOfSeveral_MustAllBeRight()
    {
        var seen = new Seen { Found = { ["cat"] = [Seen.Colored(0, 2, 0.9f, ("black", 1)), Seen.Colored(4, 6, 0.8f, ("white", 1))] } };

        var (_, verification) = await Calls.VerifyAsync(seen, [Seen.Entity("cat", "black", count: 2, plural: true)]);

        verification.Objects[0].Count.ShouldBe(Verdict.Confirmed);
        verification.Objects[0].Attributes[0].Verdict.ShouldBe(Verdict.Contradicted);
        verification.Objects[0].Attributes[0].Evidence[0].Text.ShouldBe("the mask is 100 % white");
    }
}
