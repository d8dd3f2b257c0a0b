using System.Text.Json;
using Realign.Testing;
using Shouldly;
using Xunit;

namespace Realign.SceneScoring.Tests;

/// <summary>Objects of a prompt without a model.</summary>
public sealed class EntityRuleTests
{
    [Theory]
    [InlineData("a red car and a blue car", "car 1: red; car 2: blue")]
    [InlineData("a red car and a red car", "car 1: red; car 2: red")]
    [InlineData("a red and a blue car", "car 1: red; car 2: blue")]
    [InlineData("two red and three blue cars", "cars 1 x2: red; cars 2 x3: blue")]
    [InlineData("the red car beside the blue car", "car 1: red; car 2: blue")]
    [InlineData("a car on a road, the car is red", "car 1: red")]
    [InlineData("a red car, and the red car has a dog", "car 1: red; dog 1:")]
    [InlineData("two cats and another cat", "cats 1 x2:; cat 2:")]
    [InlineData("three black cats", "cats 1 x3: black")]
    [InlineData("a dozen eggs", "eggs 1 x12:")]
    [InlineData("red cars", "cars 1: red")]
    public void Extract_NounSeveralTimes_IsOneEntityForEachObject(string prompt, string expected) => Extract(prompt).ShouldBe(expected);

    [Theory]
    [InlineData("a black and white cat", "cat 1: black white")]
    [InlineData("a red and blue car", "car 1: red blue")]
    [InlineData("a red, white and blue flag", "flag 1: red white blue")]
    [InlineData("a black & white cat", "cat 1: black white")]
    [InlineData("a car, red, shiny", "car 1: red shiny")]
    [InlineData("a car, red and shiny, and a dog", "car 1: red shiny; dog 1:")]
    [InlineData("a cat, black and white, on a mat", "cat 1: black white; mat 1:")]
    [InlineData("a dark red car", "car 1: dark red")]
    [InlineData("a big red and white striped umbrella", "umbrella 1: big red white striped")]
    [InlineData("a black and shaggy dog", "dog 1: black shaggy")]
    [InlineData("the car is red and blue", "car 1: red blue")]
    [InlineData("the car is red, white and blue and a dog sleeps", "car 1: red white blue; dog 1:")]
    [InlineData("the car is a bright red", "car 1: bright red")]
    [InlineData("a car which is red", "car 1: red")]
    [InlineData("a car painted red", "car 1: red")]
    [InlineData("a car painted red, highly detailed", "car 1: red")]
    [InlineData("a vintage red and white van", "van 1: vintage red white")]
    [InlineData("a man in red and a woman in blue", "man 1: red; woman 1: blue")]
    [InlineData("red, a car", "car 1: red")]
    [InlineData("an orange and white cat", "cat 1: orange white")]
    [InlineData("a gold and silver ring", "ring 1: gold silver")]
    [InlineData("a dog, red and white car", "dog 1:; car 1: red white")]
    [InlineData("a car, red, shiny apple", "car 1: red; apple 1: shiny")]
    [InlineData("a red car, blue bus", "car 1: red; bus 1: blue")]
    [InlineData("a very old and rusty bicycle", "bicycle 1: old rusty")]
    public void Extract_JoinedAttributes_KeepsAllOfThem(string prompt, string expected) => Extract(prompt).ShouldBe(expected);

    [Theory]
    [InlineData("(red car:1.3)", "car 1: red")]
    [InlineData("(red:1.2) car", "car 1: red")]
    [InlineData("a ((red)) car and (a blue dog:0.8)", "car 1: red; dog 1: blue")]
    [InlineData("a (black:1.1) and (white:.9) cat", "cat 1: black white")]
    [InlineData("[red] car, {blue} bus", "car 1: red; bus 1: blue")]
    public void Extract_PromptWeights_AreNotWords(string prompt, string expected) => Extract(prompt).ShouldBe(expected);

    [Theory]
    [InlineData("an orange and a banana", "orange 1:; banana 1:")]
    [InlineData("orange, banana, apple", "orange 1:; banana 1:; apple 1:")]
    [InlineData("a dog and cat", "dog 1:; cat 1:")]
    [InlineData("a black dog and white cat", "dog 1: black; cat 1: white")]
    [InlineData("a house without a dog or a cat", "house 1:")]
    [InlineData("no cat", "")]
    [InlineData("not a car but a bus", "bus 1:")]
    [InlineData("a street with neither cars nor people", "")]
    [InlineData("a tree, no red cars and blue birds", "tree 1:")]
    [InlineData("no cat and a dog", "dog 1:")]
    [InlineData("there isn't a dog, there is a cat", "cat 1:")]
    [InlineData("a cat, but do not show a dog", "cat 1:")]
    [InlineData("a cat, don't draw any blue dogs", "cat 1:")]
    [InlineData("a cat. Never a dog", "cat 1:")]
    [InlineData("a car that is not red", "car 1:")]
    [InlineData("a glass and a metal spoon", "glass 1:; spoon 1: metal")]
    [InlineData("red", "red 1:")]
    public void Extract_WordsThatAreNoAttributesHere_StayNouns(string prompt, string expected) => Extract(prompt).ShouldBe(expected);

    /// <summary>The entity tasks of the pack, measured as it says: noun or compound, attributes as a set.</summary>
    [Fact]
    public void Extract_EntityTasksOfThePack_AreNearlyAllFound()
    {
        using var tasks = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(ConformancePack.Require(), "llm", "entity_tasks.json")));
        var wrong = new List<string>();
        foreach (var task in tasks.RootElement.GetProperty("tasks").EnumerateArray())
        {
            var prompt = task.GetProperty("prompt").GetString()!;
            var found = new EntityRule(prompt).Extract();
            foreach (var expected in task.GetProperty("entities").EnumerateArray())
            {
                var noun = expected.GetProperty("noun").GetString()!;
                var attributes = expected.GetProperty("attributes").EnumerateArray().Select(item => item.GetString()!).ToHashSet();
                var count = expected.TryGetProperty("count", out var said) ? said.GetInt32() : 0;
                var isFound = found.Any(entity =>
                    noun.StartsWith(entity.Noun, StringComparison.Ordinal) && attributes.SetEquals(entity.Attributes) && entity.Count == count);
                if (!isFound)
                    wrong.Add($"{prompt}: {noun} {string.Join(' ', attributes)} x{count}, found {Extract(prompt)}");
            }
        }

        wrong.Count.ShouldBeLessThanOrEqualTo(2, string.Join('\n', wrong));
    }

    private static string Extract(string prompt) => string.Join("; ", new EntityRule(prompt).Extract().Select(entity =>
        $"{entity.Noun}{(entity.IsPlural ? "s" : "")} {entity.Instance}{(entity.Count > 0 ? $" x{entity.Count}" : "")}: {string.Join(' ', entity.Attributes)}"
            .TrimEnd()));
}
