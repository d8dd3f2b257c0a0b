using Realign.Testing;
using Shouldly;
using Xunit;

namespace Realign.World.Tests;

/// <summary>The prompt sets in the repository.</summary>
public sealed class PromptSetsTests
{
    public static TheoryData<string> Names => [.. PromptSets.Names];

    [Theory]
    [MemberData(nameof(Names))]
    public void Files_AreWhatTheRuleMakes(string name)
    {
        var lines = File.ReadAllLines(Path.Combine(Checkout.Root, "benchmarks", "prompts", name + ".txt"));

        lines.ShouldBe(PromptSets.Generate(name));
        lines.Length.ShouldBe(PromptSets.FullCount);
        lines.Distinct(StringComparer.Ordinal).Count().ShouldBe(lines.Length);
    }

    [Theory]
    [InlineData("mini-coco", 1, 2)]
    [InlineData("mini-abc", 2, 2)]
    [InlineData("mini-cc", 2, 2)]
    [InlineData("mini-vilg", 2, 2)]
    [InlineData("mini-three", 3, 3)]
    public void Prompts_DemandTheirNumberOfObjects(string name, int least, int most)
    {
        var counts = PromptSets.Generate(name).Select(prompt => ScenePrompt.Parse(prompt).Objects.Count).ToList();

        counts.Min().ShouldBe(least);
        counts.Max().ShouldBe(most);
    }

    [Fact]
    public void Abc_PairsSwapTheirColors()
    {
        foreach (var pair in PromptSets.Generate("mini-abc").Select(prompt => ScenePrompt.Parse(prompt).Objects).Chunk(2))
        {
            pair[1].Select(item => item.Noun).ShouldBe(pair[0].Select(item => item.Noun));
            pair[1].Select(item => item.Color).ShouldBe(pair[0].Select(item => item.Color).Reverse());
        }
    }

    [Fact]
    public void Vilg_HasRelations() =>
        PromptSets.Generate("mini-vilg").Count(prompt => ScenePrompt.Parse(prompt).Relations.Count == 1).ShouldBeGreaterThan(PromptSets.FullCount / 2);

    [Fact]
    public void Generate_UnknownName_NamesTheSets() =>
        Should.Throw<KeyNotFoundException>(() => PromptSets.Generate("mini-none")).Message.ShouldContain("mini-coco");
}
