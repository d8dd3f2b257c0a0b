using Realign.Core.Errors;
using Realign.Core.Prompts;
using Shouldly;
using Xunit;

namespace Realign.Core.Tests;

/// <summary>Weights in prompts: the examples of the tools that read them, and what they cannot be.</summary>
public sealed class PromptFragmentsTests
{
    public static TheoryData<string, (string Text, double Weight)[]> WebExamples => new()
    {
        { "normal text", [("normal text", 1)] },
        { "an (important) word", [("an ", 1), ("important", 1.1), (" word", 1)] },
        { "(unbalanced", [("unbalanced", 1.1)] },
        { @"\(literal\]", [("(literal]", 1)] },
        { "(unnecessary)(parens)", [("unnecessaryparens", 1.1)] },
        { "a (((house:1.3)) [on] a (hill:0.5), sun, (((sky))).", [("a ", 1), ("house", 1.573), (" ", 1.1), ("on", 1), (" a ", 1.1), ("hill", 0.55),
            (", sun, ", 1.1), ("sky", 1.4641), (".", 1.1)] },
        { "time 12:30", [("time 12:30", 1)] },
        { "a) b] :", [("a) b] :", 1)] },
        { "(a:-0.5)", [("a", -0.5)] },
    };

    [Theory]
    [MemberData(nameof(WebExamples), DisableDiscoveryEnumeration = true)]
    public void Parse_Weighted_IsWhatWebUisRead(string text, (string Text, double Weight)[] expected) => Check(text, PromptSyntax.Weighted, expected);

    public static TheoryData<string, (string Text, double Weight)[]> CompelExamples => new()
    {
        { "a tall thin man picking apricots+", [("a tall thin man picking", 1), ("apricots", 1.1)] },
        { "a tall thin man (picking apricots)--", [("a tall thin man", 1), ("picking apricots", 0.81)] },
        { "a tall thin man (picking apricots+)++", [("a tall thin man", 1), ("picking", 1.21), ("apricots", 1.331)] },
        { "a man (picking (apricots)1.3)1.1", [("a man", 1), ("picking", 1.1), ("apricots", 1.43)] },
        { "a well-known x-ray, red", [("a well-known x-ray, red", 1)] },
        { @"a \(red\) car\+", [("a (red) car+", 1)] },
        { "(plain brackets) here", [("plain brackets here", 1)] },
        { "a,b", [("a, b", 1)] },
        { "", [("", 1)] },
    };

    [Theory]
    [MemberData(nameof(CompelExamples), DisableDiscoveryEnumeration = true)]
    public void Parse_Compel_IsWhatCompelReads(string text, (string Text, double Weight)[] expected) => Check(text, PromptSyntax.Compel, expected);

    [Fact]
    public void Parse_Plain_IsText() => Check("(a:1.3) [b] c++", PromptSyntax.Plain, [("(a:1.3) [b] c++", 1)]);

    [Fact]
    public void Parse_Break_BeginsAChunk()
    {
        var fragments = PromptFragments.Parse("prompt", "a (red BREAK car) b", PromptSyntax.Weighted);

        fragments.Select(fragment => (fragment.Text, fragment.StartsChunk)).ShouldBe([("a ", false), ("red", false), ("car", true), (" b", false)]);
        PromptFragments.PlainText("prompt", "a (red BREAK car) b", PromptSyntax.Weighted).ShouldBe("a red car b");
    }

    [Theory]
    [InlineData("(a:1000000000)", PromptSyntax.Weighted)]
    [InlineData("(a:1e9)", PromptSyntax.Weighted)]
    [InlineData("(a:NaN)", PromptSyntax.Weighted)]
    [InlineData("(a:-inf)", PromptSyntax.Weighted)]
    [InlineData("(a:1.2.3)", PromptSyntax.Weighted)]
    [InlineData("((((((((((((((((((((((((((a))))))))))))))))))))))))))", PromptSyntax.Weighted)]
    [InlineData("[a cat:a dog:0.5]", PromptSyntax.Weighted)]
    [InlineData("[a cat|a dog]", PromptSyntax.Weighted)]
    [InlineData("a cat AND a dog", PromptSyntax.Weighted)]
    [InlineData("(a)1e9", PromptSyntax.Compel)]
    [InlineData("(a)-1", PromptSyntax.Compel)]
    [InlineData("a++++++++++++++++++++++++++++++", PromptSyntax.Compel)]
    [InlineData("(a", PromptSyntax.Compel)]
    [InlineData("a)", PromptSyntax.Compel)]
    [InlineData("(\"a cat\", \"a dog\").blend(1, 0.5)", PromptSyntax.Compel)]
    [InlineData("(\"a cat\", \"a dog\").and()", PromptSyntax.Compel)]
    [InlineData("a cat.swap(dog)", PromptSyntax.Compel)]
    [InlineData("a cat withLora(x, 1)", PromptSyntax.Compel)]
    public void Parse_WhatCannotBeMeant_IsRefused(string text, PromptSyntax syntax)
    {
        var failure = Should.Throw<InvalidInputException>(() => PromptFragments.Parse("negative_prompt", text, syntax));

        failure.Field.ShouldBe("negative_prompt");
        failure.WayOut.ShouldNotBeEmpty();
    }

    [Theory]
    [InlineData(PromptSyntax.Weighted)]
    [InlineData(PromptSyntax.Compel)]
    [InlineData(PromptSyntax.Plain)]
    public void Escape_MeansItself(PromptSyntax syntax)
    {
        const string Text = "a (red) car [new] x+ y-";

        PromptFragments.PlainText("prompt", PromptFragments.Escape(Text, syntax), syntax).ShouldBe(Text);
    }

    private static void Check(string text, PromptSyntax syntax, (string Text, double Weight)[] expected)
    {
        var fragments = PromptFragments.Parse("prompt", text, syntax);

        fragments.Select(fragment => fragment.Text).ShouldBe(expected.Select(fragment => fragment.Text));
        foreach (var (fragment, wanted) in fragments.Zip(expected))
            fragment.Weight.ShouldBe(wanted.Weight, 1e-9);
    }
}
