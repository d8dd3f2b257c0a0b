using Realign.V1;
using Realign.Wire.Prompts;
using Shouldly;
using Xunit;

namespace Realign.Wire.Tests;

/// <summary>What readers of a prompt get to see.</summary>
public sealed class PromptTextsTests
{
    [Theory]
    [InlineData("a red <cat-toy> on a mat", "a red cat toy on a mat")]
    [InlineData("a red <CAT-toy>, two <cat-toy>s", "a red cat toy, two cat toys")]
    [InlineData("a red embedding:toys/cat on a mat", "a red cat toy on a mat")]
    [InlineData("a red cat on a mat", "a red cat on a mat")]
    public void Plain_WordOfAnEmbedding_IsPlainWords(string prompt, string plain) =>
        PromptTexts.Plain(new GenerateRequest { Prompt = prompt, TextualInversions = { new TextualInversion { Name = "toys/cat", Token = "<cat-toy>" } } })
            .ShouldBe(plain);

    [Fact]
    public void Plain_WithSyntax_LosesBoth() =>
        PromptTexts.Plain(new GenerateRequest
        {
            Prompt = "a (easy_style:1.2) car",
            PromptSyntax = PromptSyntax.Weighted,
            TextualInversions = { new TextualInversion { Name = "folder/easy_style" } },
        }).ShouldBe("a easy style car");

    [Fact]
    public void Plain_WithoutEmbeddings_IsThePrompt() =>
        PromptTexts.Plain(new GenerateRequest { Prompt = "a <cat-toy>" }).ShouldBe("a <cat-toy>");
}
