using Shouldly;
using Xunit;

namespace Realign.SceneScoring.Tests;

/// <summary>Relations that a prompt demands between its objects.</summary>
public sealed class RelationRuleTests
{
    [Theory]
    [InlineData("a cat to the left of a dog", "cat LeftOf dog (to the left of)")]
    [InlineData("a cat on the left of a dog", "cat LeftOf dog (on the left of)")]
    [InlineData("a cat left of a dog", "cat LeftOf dog (left of)")]
    [InlineData("a red cat on the right side of the blue dog", "cat RightOf dog (on the right side of)")]
    [InlineData("a cat to the right of a dog", "cat RightOf dog (to the right of)")]
    [InlineData("a cat above a dog", "cat Above dog (above)")]
    [InlineData("a bird flying over two cars", "bird Above car (over)")]
    [InlineData("a cat on top of a very old car", "cat Above car (on top of)")]
    [InlineData("a cat below a dog", "cat Below dog (below)")]
    [InlineData("a cat that sits directly under a chair", "cat Below chair (under)")]
    [InlineData("the cat is beneath the dog", "cat Below dog (beneath)")]
    [InlineData("a cat standing right next to a dog", "cat NextTo dog (next to)")]
    [InlineData("a cat, beside a dog", "cat NextTo dog (beside)")]
    [InlineData("a car painted red near a dog", "car NextTo dog (near)")]
    public void Relations_WordsBetweenTwoObjects_AreRead(string prompt, string expected) => Relations(prompt).ShouldBe(expected);

    [Theory]
    [InlineData("a cat to the left of a dog and above a bird", "cat LeftOf dog (to the left of); cat Above bird (above)")]
    [InlineData("a cat left of a dog, below a bird", "cat LeftOf dog (left of); cat Below bird (below)")]
    [InlineData("a cat left of a dog above a bird", "cat LeftOf dog (left of); dog Above bird (above)")]
    [InlineData("a cat above and to the left of a dog", "cat Above dog (above); cat LeftOf dog (to the left of)")]
    [InlineData("a cat and a dog above a bird", "dog Above bird (above)")]
    [InlineData("a cat above a dog and a bird below a fish", "cat Above dog (above); bird Below fish (below)")]
    [InlineData("a cat and a dog, the cat is above the dog", "cat Above dog (above)")]
    public void Relations_Chains_BelongToTheObjectThatIsMeant(string prompt, string expected) => Relations(prompt).ShouldBe(expected);

    [Theory]
    [InlineData("a cat and a dog")]
    [InlineData("a cat not above a dog")]
    [InlineData("a cat above no dog")]
    [InlineData("a cat. Above a dog")]
    [InlineData("to the left of a dog, a cat")]
    [InlineData("a cat to the left of the street")]
    [InlineData("a cat between a dog and a bird")]
    [InlineData("a dog with a cat above it and a bird")]
    [InlineData("a cat behind a dog")]
    [InlineData("")]
    public void Relations_ThatCannotBeRead_AreNone(string prompt) => Relations(prompt).ShouldBeEmpty();

    [Fact]
    public void Relations_ModelNamesAFurtherObject_PointAtTheRightPlaces()
    {
        var found = new EntityRule("a coffee cup to the left of a dog").Complete([("coffee", []), ("cup", []), ("dog", [])]);

        found.Entities.Select(entity => entity.Entity.Noun).ShouldBe(["coffee", "cup", "dog"]);
        found.Relations.ShouldHaveSingleItem().ShouldBe(new SceneRelation(1, RelationKind.LeftOf, 2, "to the left of"));
    }

    [Theory]
    [InlineData("a red car and a car that is blue", "red car; blue car")]
    [InlineData("a red and a blue car", "red car; blue car")]
    [InlineData("two small dogs", "two small dogs")]
    public void Phrase_IsTheOneOfAMissingObject(string prompt, string expected)
    {
        var phrases = new EntityRule(prompt).Complete([]).Entities.Select(found => found.Phrase).ToList();

        string.Join("; ", phrases).ShouldBe(expected);
        var rule = new WordMatchRule(prompt, [], SceneKnowledge.None);
        new SceneRepair(rule).Missing([]).Select(entry => entry.Phrase).ShouldBe(phrases);
    }

    [Theory]
    [InlineData("no cat")]
    [InlineData("a house, but not a cat")]
    [InlineData("a house without a cat")]
    public void Complete_ModelNamesWhatThePromptExcludes_IsNoEntity(string prompt) =>
        new EntityRule(prompt).Complete([("cat", [])]).Entities.ShouldNotContain(found => found.Entity.Noun == "cat");

    private static string Relations(string prompt)
    {
        var found = new EntityRule(prompt).Complete([]);
        return string.Join("; ", found.Relations.Select(relation =>
            $"{found.Entities[relation.Subject].Entity.Noun} {relation.Kind} {found.Entities[relation.Object].Entity.Noun} ({relation.Words})"));
    }
}
