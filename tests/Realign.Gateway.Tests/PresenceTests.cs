using Realign.Gateway.Tests.Fakes;
using Realign.V1;
using Shouldly;
using Xunit;

namespace Realign.Gateway.Tests;

/// <summary>What VERIFY makes of objects: there, missing, how many.</summary>
public sealed class PresenceTests
{
    [Fact]
    public async Task ObjectThatNeitherTaggerNorSegmenterFind_IsMissing()
    {
        var (_, verification) = await Calls.VerifyAsync(Seen.RedCar, [Seen.Entity("car", "red"), Seen.Entity("elephant", "pink")]);

        var elephant = verification.Objects[1];
        (elephant.Entity, elephant.Presence, elephant.Verdict).ShouldBe((1, Verdict.Contradicted, Verdict.Contradicted));
        elephant.Attributes.ShouldHaveSingleItem().Verdict.ShouldBe(Verdict.Unknown);
        (verification.Verified, verification.Contradicted, verification.Missing).ShouldBe((false, 0, 1));
    }

    [Fact]
    public async Task ObjectThatOnlyTheTaggerNames_IsUnknown_AndTheImageIsNotVerified()
    {
        var (_, verification) = await Calls.VerifyAsync(Seen.Nothing with { Tags = ["Elephants"] }, [Seen.Entity("elephant", "pink")]);

        var elephant = verification.Objects[0];
        (elephant.Presence, elephant.Verdict, elephant.Boxes.Count).ShouldBe((Verdict.Unknown, Verdict.Unknown, 0));
        (verification.Verified, verification.Missing, verification.Unknown).ShouldBe((false, 0, 1));
    }

    [Theory]
    [InlineData(0.8f, true, Verdict.Confirmed)]
    [InlineData(0.8f, false, Verdict.Confirmed)]
    [InlineData(0.5f, false, Verdict.Confirmed)]
    [InlineData(0.4f, true, Verdict.Confirmed)]
    [InlineData(0.4f, false, Verdict.Unknown)]
    [InlineData(0, true, Verdict.Unknown)]
    [InlineData(0, false, Verdict.Contradicted)]
    public async Task WhatTheSegmenterIsNotSureOf_TheTaggerHasToNameToo(float score, bool isTagged, Verdict presence)
    {
        var seen = new Seen { Tags = isTagged ? ["car"] : [], Found = { ["car"] = score > 0 ? [Seen.Colored(0, 4, score, ("red", 1))] : [] } };

        var (_, verification) = await Calls.VerifyAsync(seen, [Seen.Entity("car", "red")]);

        verification.Objects[0].Presence.ShouldBe(presence);
        (verification.Verified, verification.Missing).ShouldBe((presence == Verdict.Confirmed, presence == Verdict.Contradicted ? 1 : 0));
    }

    [Fact]
    public async Task WeakPlaceOfAnotherColor_IsWrong_AlthoughTheTaggerNamesNothing()
    {
        var seen = new Seen { Tags = [], Found = { ["car"] = [Seen.Colored(0, 4, 0.4f, ("blue", 1))] } };

        var (_, verification) = await Calls.VerifyAsync(seen, [Seen.Entity("car", "red")]);

        (verification.Objects[0].Presence, verification.Objects[0].Verdict).ShouldBe((Verdict.Unknown, Verdict.Contradicted));
        (verification.Contradicted, verification.Missing).ShouldBe((1, 0));
    }

    [Theory]
    [InlineData("teddy bear", Verdict.Confirmed)]
    [InlineData("bear", Verdict.Confirmed)]
    [InlineData("gummy bear", Verdict.Contradicted)]
    [InlineData("bearing", Verdict.Contradicted)]
    public async Task Tag_NamesAnObject_WithWordsOfThePromptOnly(string tag, Verdict verdict)
    {
        var seen = new Seen { Tags = [tag], Found = { ["bear"] = [FakeBehavior.Column(0, 4, 0.3f)] } };

        var (_, verification) = await Calls.VerifyAsync(seen, [Seen.Entity("bear", "brown teddy")]);

        verification.Objects[0].PresenceEvidence[0].Verdict.ShouldBe(verdict);
    }

    [Fact]
    public async Task PlaceThatAnotherDemandedNounExplainsBetter_IsNotShared()
    {
        var seen = new Seen
        {
            Tags = ["bus"],
            Found = { ["car"] = [FakeBehavior.Column(0, 4, 0.4f)], ["bus"] = [FakeBehavior.Column(0, 4, 0.9f)] },
        };

        var (_, verification) = await Calls.VerifyAsync(seen, [Seen.Entity("car"), Seen.Entity("bus")]);

        verification.Objects.Select(item => item.Presence).ShouldBe([Verdict.Contradicted, Verdict.Confirmed]);
        verification.Objects[0].PresenceEvidence.Last().Text.ShouldContain("is the bus");
    }

    [Fact]
    public async Task TwoObjectsOfOneNoun_EachGetsThePlaceOfItsColor()
    {
        var seen = new Seen { Found = { ["car"] = [Seen.Colored(0, 3, 0.9f, ("blue", 1)), Seen.Colored(6, 9, 0.8f, ("red", 1))] } };

        var (_, verification) = await Calls.VerifyAsync(seen, [Seen.Entity("car", "red"), Seen.Entity("car", "blue", instance: 2)]);

        verification.Objects.ShouldAllBe(item => item.Verdict == Verdict.Confirmed);
        verification.Objects.Select(item => item.Boxes.Single().X0).ShouldBe([6, 0]);
    }

    [Fact]
    public async Task OneObject_IsTheOneOfItsColor_NotTheSurestOne()
    {
        var seen = new Seen { Found = { ["car"] = [Seen.Colored(0, 3, 0.9f, ("blue", 1)), Seen.Colored(6, 9, 0.8f, ("red", 1))] } };

        var (_, verification) = await Calls.VerifyAsync(seen, [Seen.Entity("car", "red")]);

        verification.Objects[0].Verdict.ShouldBe(Verdict.Confirmed);
        verification.Objects[0].Boxes.ShouldHaveSingleItem().X0.ShouldBe(6);
    }

    [Fact]
    public async Task SameObjectThreeTimes_NeedsThreePlaces()
    {
        var seen = new Seen { Found = { ["cat"] = [Seen.Colored(0, 2, 0.9f, ("red", 1)), Seen.Colored(4, 6, 0.8f, ("red", 1))] } };
        Entity[] cats = [Seen.Entity("cat", "red"), Seen.Entity("cat", "red", instance: 2), Seen.Entity("cat", "red", instance: 3)];

        var (_, verification) = await Calls.VerifyAsync(seen, cats);

        verification.Objects.Select(item => item.Presence).ShouldBe([Verdict.Confirmed, Verdict.Confirmed, Verdict.Contradicted]);
        // the tagger names the cat, but it cannot count
        verification.Objects[2].PresenceEvidence.ShouldHaveSingleItem().Reader.ShouldBe("segmenter");
        verification.Missing.ShouldBe(1);
    }

    [Theory]
    [InlineData(2, Verdict.Contradicted)]
    [InlineData(3, Verdict.Confirmed)]
    [InlineData(4, Verdict.Contradicted)]
    public async Task Count_IsComparedWithWhatIsFound(int found, Verdict verdict)
    {
        var places = Enumerable.Range(0, found).Select(i => FakeBehavior.Column(2 * i, (2 * i) + 1, 0.9f)).ToArray();

        var (_, verification) = await Calls.VerifyAsync(new Seen { Found = { ["cat"] = places } }, [Seen.Entity("cat", count: 3, plural: true)]);

        var cats = verification.Objects.ShouldHaveSingleItem();
        (cats.Count, cats.Found, cats.Verdict).ShouldBe((verdict, found, verdict));
        verification.Contradicted.ShouldBe(verdict == Verdict.Contradicted ? 1 : 0);
    }

    [Fact]
    public async Task TwelveObjects_AreAllJudged()
    {
        string[] nouns = ["car", "bus", "cat", "dog", "bird", "fish", "chair", "book", "house", "tree", "clock", "duck"];
        var seen = new Seen();
        foreach (var (noun, i) in nouns.Take(10).Select((noun, i) => (noun, i)))
            seen.Found[noun] = [Seen.Colored(i, i + 1, 0.8f, ("red", 1))];

        var (_, verification) = await Calls.VerifyAsync(seen, [.. nouns.Select(noun => Seen.Entity(noun, "red"))]);

        verification.Objects.Select(item => item.Entity).ShouldBe(Enumerable.Range(0, 12));
        verification.Objects.Count(item => item.Verdict == Verdict.Confirmed).ShouldBe(10);
        verification.Missing.ShouldBe(2);
    }

    [Fact]
    public async Task MoreObjectsThanTheSegmenterLooksFor_AreUnknownWhereNobodyLooked()
    {
        var nouns = Enumerable.Range(0, 70).Select(i => FormattableString.Invariant($"thing{i}")).ToList();

        var (_, verification) = await Calls.VerifyAsync(Seen.Nothing, [.. nouns.Select(noun => Seen.Entity(noun))]);

        verification.Missing.ShouldBe(64);
        verification.Unknown.ShouldBe(6);
    }
}
