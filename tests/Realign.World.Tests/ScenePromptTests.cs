using Realign.Core.Errors;
using Shouldly;
using Xunit;

namespace Realign.World.Tests;

/// <summary>Prompts of the world, both ways.</summary>
public sealed class ScenePromptTests
{
    [Theory]
    [InlineData("a red car")]
    [InlineData("an orange umbrella and an elephant")]
    [InlineData("a red car, a pink elephant and a blue chair")]
    [InlineData("a black cat to the left of a red chair")]
    [InlineData("a black cat to the right of a red chair")]
    [InlineData("a cat above a dog")]
    [InlineData("three black cats below two buses")]
    [InlineData("two fish next to a white book")]
    public void Parse_CaptionOfTheDemand_IsThePromptAgain(string prompt) => Caption.Of(ScenePrompt.Parse(prompt)).ShouldBe(prompt);

    [Theory]
    [InlineData("A photo of a Red car.", "a red car")]
    [InlineData("  red car ,  blue dog ", "a red car and a blue dog")]
    [InlineData("a red car, and one blue dog", "a red car and a blue dog")]
    [InlineData("a cat over a dog", "a cat above a dog")]
    [InlineData("the cat on the left of the dog", "a cat to the left of a dog")]
    public void Parse_Variants_MeanTheSame(string prompt, string same) => Caption.Of(ScenePrompt.Parse(prompt)).ShouldBe(same);

    [Fact]
    public void Parse_Counts_AreNumbers()
    {
        var demand = ScenePrompt.Parse("two red cars and three black cats");

        demand.Objects.ShouldBe([new DemandedObject("car", "red", 2), new DemandedObject("cat", "black", 3)]);
    }

    [Fact]
    public void Parse_Relation_NamesBothObjects() =>
        ScenePrompt.Parse("a cat, a dog above a bus").Relations.ShouldBe([new SceneRelation(1, Relation.Above, 2)]);

    [Theory]
    [InlineData("", "\"\"")]
    [InlineData("a", "\"a\"")]
    [InlineData("a red", "\"red\"")]
    [InlineData("a red spaceship", "\"spaceship\"")]
    [InlineData("a turquoise car", "\"turquoise\"")]
    [InlineData("two red car", "\"car\"")]
    [InlineData("a red cars", "\"cars\"")]
    [InlineData("a red car a blue dog", "\"a\"")]
    [InlineData("a red car and", "\"and\"")]
    [InlineData("a red car to the left of", "\"of\"")]
    [InlineData("a car,, a dog", "\",\"")]
    [InlineData("a photo of", "\"of\"")]
    public void Parse_OtherSentences_NameTheWord(string prompt, string word)
    {
        var error = Should.Throw<InvalidInputException>(() => ScenePrompt.Parse(prompt));

        error.Field.ShouldBe("prompt");
        error.Value.ShouldBe(word);
    }
}
