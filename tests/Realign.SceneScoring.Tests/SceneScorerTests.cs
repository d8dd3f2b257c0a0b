using Realign.Testing;
using Shouldly;
using Xunit;

namespace Realign.SceneScoring.Tests;

/// <summary>The embedded model behind the library.</summary>
public sealed class SceneScorerTests
{
    [Fact]
    public void Score_NounTheModelDoesNotKnow_ComesFromTheRule()
    {
        using var scorer = Load();

        var scores = scorer.Score("a red car and a red vase", [], CancellationToken.None);

        scores.IsFromModel.ShouldBeTrue();
        scores.Entries.Select(entry => (entry.Tag, entry.Phrase, entry.Source, entry.Origin))
            .ShouldBe([("car", "red car", EntrySource.Missing, Origin.Model), ("vase", "red vase", EntrySource.Missing, Origin.Rule)]);
    }

    [Fact]
    public void Score_SameNounTwice_HasBothObjects()
    {
        using var scorer = Load();

        var entries = scorer.Score("a red car and a blue car", ["car"], CancellationToken.None).Entries;

        entries.Select(entry => (entry.Tag, entry.Phrase, entry.Object.Instance)).ShouldBe([("car", "red car", 1), ("car", "blue car", 2)]);
    }

    [Fact]
    public void Score_JoinedColors_AreKept()
    {
        using var scorer = Load();

        scorer.Score("a black and white cat", ["cat"], CancellationToken.None).Entries.ShouldHaveSingleItem().Phrase.ShouldBe("black and white cat");
    }

    [Fact]
    public void Score_TagsAboveOneTurn_AreAnsweredInTheirOrder()
    {
        using var scorer = Load();
        var tags = Enumerable.Range(0, 30).Select(index => $"thing number {index}").Append("car").ToList();

        var entries = scorer.Score("a red car", tags, CancellationToken.None).Entries;

        entries.Where(entry => entry.Source == EntrySource.Tag).Select(entry => entry.Tag).ShouldBe(tags);
        entries[^1].Phrase.ShouldBe("red car");
    }

    [Fact]
    public void Extract_NounTheModelDoesNotKnow_ComesFromTheRule()
    {
        using var scorer = Load();

        var found = scorer.Extract("two red cars and a black and white vase", CancellationToken.None);

        found.IsFromModel.ShouldBeTrue();
        found.Entities.Select(item => (item.Entity.Noun, string.Join(' ', item.Entity.Attributes), item.Entity.Count, item.Origin))
            .ShouldBe([("car", "red", 2, Origin.Model), ("vase", "black white", 0, Origin.Rule)]);
    }

    [Fact]
    public void Extract_SameNounTwice_HasBothObjects()
    {
        using var scorer = Load();

        var found = scorer.Extract("a red car and a blue car", CancellationToken.None);

        found.Entities.Select(item => (item.Entity.Noun, string.Join(' ', item.Entity.Attributes), item.Entity.Instance))
            .ShouldBe([("car", "red", 1), ("car", "blue", 2)]);
    }

    private static SceneScorer Load() =>
        SceneScorer.Load(Checkout.Miniature("scene-scorer", "model-f16.gguf"), new SceneScoringOptions(), CancellationToken.None);
}
