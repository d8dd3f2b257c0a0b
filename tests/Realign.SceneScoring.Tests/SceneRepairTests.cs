using Shouldly;
using Xunit;

namespace Realign.SceneScoring.Tests;

/// <summary>A model's answer held against the prompt, whatever the model says.</summary>
public sealed class SceneRepairTests
{
    [Fact]
    public void Tag_TwoObjectsOfOneName_HasAnEntryForEach()
    {
        var entries = Answer("a red car and a blue car", ("car", 2, "red car"));

        entries.Select(entry => (entry.Tag, entry.Phrase, entry.Object.Instance, entry.Origin))
            .ShouldBe([("car", "red car", 1, Origin.Model), ("car", "blue car", 2, Origin.Rule)]);
        entries.Select(entry => string.Join(' ', entry.Object.Attributes)).ShouldBe(["red", "blue"]);
    }

    [Fact]
    public void Tag_DescriptionsJoinedByAnd_GoToTheirObjects()
    {
        var entries = Answer("a red car and a blue car", ("car", 2, "red car and blue car"));

        entries.Select(entry => (entry.Phrase, entry.Origin, entry.Repair)).ShouldBe([("red car", Origin.Model, ""), ("blue car", Origin.Model, "")]);
    }

    [Theory]
    [InlineData("a black and white cat", "cat", "white cat", "black and white cat")]
    [InlineData("a red and blue car", "car", "blue car", "red and blue car")]
    [InlineData("a red, white and blue flag", "flag", "blue flag", "red, white and blue flag")]
    [InlineData("a dark red car", "car", "red car", "dark red car")]
    [InlineData("a car, red, shiny", "car", "car", "red shiny car")]
    [InlineData("three black cats", "cat", "black cats", "three black cats")]
    [InlineData("(red car:1.3) on a road", "car", "car", "red car")]
    [InlineData("a red and a blue car", "car", "", "red car")]
    public void Tag_PhraseThatLostWords_GetsThemBack(string prompt, string tag, string phrase, string expected)
    {
        var entry = Answer(prompt, (tag, 2, phrase))[0];

        entry.Phrase.ShouldBe(expected);
        entry.Repair.ShouldNotBeEmpty();
        entry.Origin.ShouldBe(Origin.Model);
    }

    [Theory]
    [InlineData("a black and white cat", "cat", "black and white cat")]
    [InlineData("a black and white cat", "cat", "a white and black cat")]
    [InlineData("a cup of black coffee", "cup", "cup of black coffee")]
    [InlineData("a shiny car that is red", "car", "shiny red car")]
    public void Tag_WholePhrase_StaysAsGiven(string prompt, string tag, string phrase)
    {
        var entry = Answer(prompt, (tag, 2, phrase))[0];

        (entry.Phrase, entry.Repair).ShouldBe((phrase, ""));
    }

    [Theory]
    [InlineData("a red car and a blue bus", "car", "blue car", "red car")]
    [InlineData("a red car", "car", "golden car", "red car")]
    public void Tag_WordsOfAnotherObject_AreTakenOut(string prompt, string tag, string phrase, string expected) =>
        Answer(prompt, (tag, 2, phrase))[0].Phrase.ShouldBe(expected);

    [Fact]
    public void Tag_NamedButScoredZero_ComesFromTheRule()
    {
        var entry = Answer("a red car", ("car", 0, ""))[0];

        (entry.Score, entry.Phrase, entry.Origin).ShouldBe((2f, "red car", Origin.Rule));
    }

    [Fact]
    public void Tag_SynonymOfTheModel_CoversItsObject()
    {
        var entries = Answer("a red car and a dog", ("vehicle", 2, "red car"));

        entries.Select(entry => (entry.Tag, entry.Phrase, entry.Object.Noun)).ShouldBe([("vehicle", "red car", "car"), ("dog", "dog", "dog")]);
    }

    [Fact]
    public void Missing_ObjectThatTheModelLeftOut_ComesFromTheRule()
    {
        var rule = new WordMatchRule("a red car and a red vase", [], SceneKnowledge.None);

        var entries = new SceneRepair(rule).Missing([new SceneVerdict("car", 2, "red car", EntrySource.Missing)]);

        entries.Select(entry => (entry.Tag, entry.Phrase, entry.Source, entry.Origin))
            .ShouldBe([("car", "red car", EntrySource.Missing, Origin.Model), ("vase", "red vase", EntrySource.Missing, Origin.Rule)]);
    }

    [Fact]
    public void Missing_ThingsThatThePromptDoesNotName_AreNoEntries()
    {
        var rule = new WordMatchRule("a red car without a dog", [], SceneKnowledge.None);
        SceneVerdict[] verdicts =
            [new("dog", 2, "dog", EntrySource.Missing), new("unicorn", 2, "unicorn", EntrySource.Missing), new("", 2, "", EntrySource.Missing)];

        new SceneRepair(rule).Missing(verdicts).ShouldHaveSingleItem().Tag.ShouldBe("car");
    }

    [Fact]
    public void Tag_Compound_IsNotItsHead()
    {
        var entries = Answer("a hot dog and a brown dog", ("hot dog", 2, "hot dog"), ("dog", 2, "brown dog"));

        entries.Select(entry => (entry.Tag, entry.Object.Noun, entry.Phrase, entry.Object.Instance))
            .ShouldBe([("hot dog", "hot dog", "hot dog", 1), ("dog", "dog", "brown dog", 1)]);
    }

    private static List<SceneEntry> Answer(string prompt, params (string Tag, float Score, string Phrase)[] verdicts)
    {
        var repair = new SceneRepair(new WordMatchRule(prompt, [.. verdicts.Select(verdict => verdict.Tag)], SceneKnowledge.None));
        var tags = verdicts.SelectMany(verdict => repair.Tag(new SceneVerdict(verdict.Tag, verdict.Score, verdict.Phrase, EntrySource.Tag))).ToList();
        return [.. tags, .. repair.Missing([])];
    }
}
