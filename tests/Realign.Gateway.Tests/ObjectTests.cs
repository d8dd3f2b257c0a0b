using Realign.Gateway.Tests.Fakes;
using Realign.V1;
using Shouldly;
using Xunit;

namespace Realign.Gateway.Tests;

/// <summary>Which place in the coarse image belongs to which object of the prompt.</summary>
public sealed class ObjectTests
{
    [Fact]
    public async Task TwoObjectsOfOneTag_EachGetsThePlaceThatItsDescriptionFits()
    {
        var found = new Dictionary<string, Detection[]>
        {
            ["car"] = [FakeBehavior.Column(0, 3, 0.8f), FakeBehavior.Column(6, 9, 0.7f)],
            ["red car"] = [FakeBehavior.Column(6, 9, 0.8f), FakeBehavior.Column(0, 3, 0.5f)],
            ["blue car"] = [FakeBehavior.Column(0, 3, 0.75f), FakeBehavior.Column(6, 9, 0.6f)],
        };

        var (asked, result) = await RealignAsync(found,
            FakeBehavior.Entry("car", "red car", 1, attributes: "red"), FakeBehavior.Entry("car", "blue car", 2, attributes: "blue"));

        asked.ShouldBe(["car", "red car", "blue car"]);
        result.Segments.Select(segment => (segment.Phrase, First(segment.Mask))).ShouldBe([("red car", 6), ("blue car", 0)]);
        result.SegmentEntries.ShouldBe([0, 1]);
        result.Unused.ShouldBeEmpty();
    }

    [Fact]
    public async Task TwoObjectsOfOneTag_WithoutEvidence_StandFromLeftToRight()
    {
        var found = new Dictionary<string, Detection[]>
        {
            ["car"] = [FakeBehavior.Column(6, 9, 0.9f), FakeBehavior.Column(0, 3, 0.7f), FakeBehavior.Column(4, 5, 0.3f)],
            ["red car"] = [FakeBehavior.Column(0, 3, 0.700f), FakeBehavior.Column(6, 9, 0.705f)],
            ["blue car"] = [FakeBehavior.Column(0, 3, 0.705f), FakeBehavior.Column(6, 9, 0.700f)],
        };

        var (_, result) = await RealignAsync(found,
            FakeBehavior.Entry("car", "red car", 1, attributes: "red"), FakeBehavior.Entry("car", "blue car", 2, attributes: "blue"));

        result.Segments.Select(segment => (segment.Phrase, First(segment.Mask))).ShouldBe([("red car", 0), ("blue car", 6)]);
    }

    [Fact]
    public async Task MoreObjectsThanPlaces_TheOtherIsUnusedWithTheReason()
    {
        var found = new Dictionary<string, Detection[]> { ["car"] = [FakeBehavior.Column(0, 3, 0.8f)] };

        var (_, result) = await RealignAsync(found,
            FakeBehavior.Entry("car", "red car", 1, attributes: "red"), FakeBehavior.Entry("car", "blue car", 2, attributes: "blue"));

        result.Segments.ShouldHaveSingleItem().Phrase.ShouldBe("red car");
        var unused = result.Unused.ShouldHaveSingleItem();
        (unused.Phrase, unused.Entry).ShouldBe(("blue car", 1));
        unused.Reason.ShouldContain("1 car for 2");
    }

    [Fact]
    public async Task PhraseWithoutPluralOrCount_TakesItsBestPlaceOnly()
    {
        var found = new Dictionary<string, Detection[]> { ["car"] = [FakeBehavior.Column(0, 2, 0.8f), FakeBehavior.Column(6, 9, 0.31f)] };

        var (_, result) = await RealignAsync(found, FakeBehavior.Entry("car", "white car", attributes: "white"));

        Area(result.Segments.ShouldHaveSingleItem().Mask).ShouldBe(8);
    }

    [Fact]
    public async Task PluralWithoutCount_TakesAllPlaces()
    {
        var found = new Dictionary<string, Detection[]> { ["car"] = [FakeBehavior.Column(0, 2, 0.8f), FakeBehavior.Column(6, 9, 0.31f)] };

        var (_, result) = await RealignAsync(found, FakeBehavior.Entry("car", "white cars", plural: true, attributes: "white"));

        Area(result.Segments.ShouldHaveSingleItem().Mask).ShouldBe(20);
    }

    [Fact]
    public async Task Count_KeepsThatManyPlaces()
    {
        var found = new Dictionary<string, Detection[]>
        {
            ["cat"] =
            [
                FakeBehavior.Column(0, 1, 0.9f), FakeBehavior.Column(2, 3, 0.8f), FakeBehavior.Column(4, 5, 0.7f), FakeBehavior.Column(6, 9, 0.6f),
            ],
        };

        var (_, result) = await RealignAsync(found, FakeBehavior.Entry("cat", "three black cats", count: 3, plural: true, attributes: "black"));

        Area(result.Segments.ShouldHaveSingleItem().Mask).ShouldBe(12);
    }

    [Fact]
    public async Task CountBesideASingleOne_SharesThePlaces()
    {
        var found = new Dictionary<string, Detection[]>
        {
            ["cat"] = [FakeBehavior.Column(0, 1, 0.9f), FakeBehavior.Column(2, 3, 0.8f), FakeBehavior.Column(4, 5, 0.7f)],
            ["black cat"] = [FakeBehavior.Column(2, 3, 0.8f), FakeBehavior.Column(4, 5, 0.8f), FakeBehavior.Column(0, 1, 0.3f)],
            ["white cat"] = [FakeBehavior.Column(0, 1, 0.8f)],
        };

        var (_, result) = await RealignAsync(found,
            FakeBehavior.Entry("cat", "two black cats", 1, count: 2, plural: true, attributes: "black"),
            FakeBehavior.Entry("cat", "white cat", 2, attributes: "white"));

        result.Segments.Select(segment => (segment.Phrase, First(segment.Mask), Area(segment.Mask)))
            .ShouldBe([("two black cats", 2, 8L), ("white cat", 0, 4L)]);
    }

    [Fact]
    public async Task PlaceThatAnotherTagFitsBetter_IsNotShared()
    {
        var found = new Dictionary<string, Detection[]>
        {
            ["car"] = [FakeBehavior.Column(5, 9, 0.31f)],
            ["bus"] = [FakeBehavior.Column(5, 9, 0.8f)],
        };

        var (_, result) = await RealignAsync(found,
            FakeBehavior.Entry("car", "white car", attributes: "white"), FakeBehavior.Entry("bus", "red bus", attributes: "red"));

        result.Segments.ShouldHaveSingleItem().Phrase.ShouldBe("red bus");
        var unused = result.Unused.ShouldHaveSingleItem();
        unused.Tag.ShouldBe("car");
        unused.Reason.ShouldContain("the bus");
    }

    [Fact]
    public async Task MerelyPossibleObject_TakesNoPlaceOfACertainOne()
    {
        var found = new Dictionary<string, Detection[]>
        {
            ["man"] = [FakeBehavior.Column(0, 3, 0.6f)],
            ["person"] = [FakeBehavior.Column(0, 3, 0.9f)],
        };

        var (_, result) = await RealignAsync(found,
            FakeBehavior.Entry("man", "tall man", attributes: "tall"), FakeBehavior.Entry("person", "a person", score: 0.5f));

        result.Segments.Select(segment => segment.Phrase).ShouldBe(["tall man", "a person"]);
    }

    [Fact]
    public async Task TwoTagsOfOneObject_AreOneSegment()
    {
        var found = new Dictionary<string, Detection[]>
        {
            ["car"] = [FakeBehavior.Column(0, 3, 0.6f)],
            ["vehicle"] = [FakeBehavior.Column(0, 3, 0.9f)],
        };
        var synonym = FakeBehavior.Entry("vehicle", "red car", attributes: "red");
        synonym.Noun = "car";

        var (asked, result) = await RealignAsync(found, FakeBehavior.Entry("car", "red car", attributes: "red"), synonym);

        asked.ShouldBe(["car"]);
        result.Segments.ShouldHaveSingleItem();
        result.Unused.ShouldHaveSingleItem().Reason.ShouldContain("the tag car");
    }

    private static async Task<(IReadOnlyList<string> Asked, RealignResult Result)> RealignAsync(
        Dictionary<string, Detection[]> found, params SceneEntry[] entries)
    {
        await using var mesh = await FakeMesh.StartAsync();
        IReadOnlyList<string> asked = [];
        mesh.Behavior.ScoreScene = _ => new ScoreSceneResponse { Entries = { entries } };
        mesh.Behavior.Ground = request => new SegmentResponse
        {
            Phrases = { request.Phrases.Select(phrase => new GroundedPhrase { Phrase = phrase, Detections = { found.GetValueOrDefault(phrase, []) } }) },
        };
        mesh.Behavior.Segment = request =>
        {
            asked = [.. request.Phrases];
            return mesh.Behavior.Ground(request);
        };
        var events = await Calls.RealignAsync(mesh, "a prompt");
        return (asked, events[^1].Result);
    }

    /// <summary>First column of a mask of four rows.</summary>
    private static int First(Mask mask) => (int)mask.Counts[0] / 4;

    private static long Area(Mask mask) => mask.Counts.Where((_, index) => index % 2 == 1).Sum(count => count);
}
