using Realign.Grounding.GroundingDino;
using Shouldly;
using Xunit;

namespace Realign.Grounding.Tests;

/// <summary>The text of Grounding DINO: prompts, phrases of a prompt, and which tokens see each other.</summary>
public sealed class PhrasePromptTests
{
    private const int Begin = 101;
    private const int End = 102;
    private const int Dot = 1012;
    private static readonly HashSet<int> Delimiters = [Begin, End, Dot, 1029];

    [Fact]
    public void FromLabels_AnySpelling_IsOnePhraseADot() => PhrasePrompt.FromLabels([" Red Car ", "cat"]).ShouldBe("red car. cat.");

    [Theory]
    [InlineData("A Cat", "a cat.")]
    [InlineData(" a cat. ", "a cat.")]
    public void FromCaption_WithOrWithoutDot_EndsWithOne(string caption, string prompt) => PhrasePrompt.FromCaption(caption).ShouldBe(prompt);

    [Fact]
    public void AsOneBlock_Delimiters_BecomeBlanks() => PhrasePrompt.AsOneBlock("st. bernard? yes").ShouldBe("st  bernard  yes");

    [Fact]
    public void Spans_TwoPhrases_LieBetweenTheDelimiters() =>
        PhrasePrompt.Spans([Begin, 7, 8, Dot, 9, Dot, End, 0], Delimiters, 7).ShouldBe([(1, 3), (4, 5)]);

    [Fact]
    public void Spans_CutBeforeItsDelimiter_IsNoPhrase() => PhrasePrompt.Spans([Begin, 7, Dot, 8], Delimiters, 4).ShouldBe([(1, 2)]);

    [Fact]
    public void Spans_DelimitersOnly_AreNone() => PhrasePrompt.Spans([Begin, Dot, Dot, End], Delimiters, 4).ShouldBeEmpty();

    [Fact]
    public void Blocks_TwoPhrases_SeeThemselvesOnly()
    {
        var (positions, mask) = PhrasePrompt.Blocks([Begin, 7, 8, Dot, 9, Dot, End], Delimiters);

        positions.ShouldBe([0, 0, 1, 2, 0, 1, 0]);
        Sees(0).ShouldBe([0]);
        Sees(1).ShouldBe([1, 2, 3]);
        Sees(3).ShouldBe([1, 2, 3]);
        Sees(4).ShouldBe([4, 5]);
        Sees(6).ShouldBe([6]);

        IEnumerable<int> Sees(int row) => Enumerable.Range(0, 7).Where(column => mask[(row * 7) + column]);
    }

    [Fact]
    public void Blocks_ClosedByTheLastPosition_AreNotFormed()
    {
        var (positions, mask) = PhrasePrompt.Blocks([Begin, 7, 8, End], Delimiters);

        positions.ShouldBe([0, 0, 0, 0]);
        mask.Count(sees => sees).ShouldBe(4);
    }
}
