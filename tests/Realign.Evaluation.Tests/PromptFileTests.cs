using System.Text;
using Realign.Evaluation.Prompts;
using Shouldly;
using Xunit;

namespace Realign.Evaluation.Tests;

/// <summary>Prompt files as editors of all systems leave them.</summary>
public sealed class PromptFileTests : IDisposable
{
    private readonly string _path = Path.Combine(Directory.CreateTempSubdirectory("prompts-").FullName, "mine.txt");

    public void Dispose() => Directory.Delete(Path.GetDirectoryName(_path)!, recursive: true);

    [Theory]
    [InlineData("a red car\na blue dog\n")]
    [InlineData("a red car\r\na blue dog")]
    [InlineData("a red car\ra blue dog\r")]
    [InlineData("\uFEFFa red car\r\n\r\n  # a comment\r\n\t a blue dog \r\n\r\n")]
    [InlineData("\uFEFF# first\na red car\n#\na blue dog")]
    public void Read_AnyLineEndsMarksAndBlankLines_GivesThePrompts(string text)
    {
        File.WriteAllText(_path, text, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false));

        PromptFile.Read(_path).ShouldBe(["a red car", "a blue dog"]);
    }

    [Theory]
    [InlineData("")]
    [InlineData("\uFEFF\r\n# nothing\r\n")]
    public void Read_NoPrompt_IsRefused(string text)
    {
        File.WriteAllText(_path, text);

        Should.Throw<EvaluationException>(() => PromptFile.Read(_path)).Message.ShouldContain("holds no prompt");
    }

    [Fact]
    public void Read_NoText_IsRefused()
    {
        File.WriteAllBytes(_path, [0x61, 0xff, 0x0a]);

        Should.Throw<EvaluationException>(() => PromptFile.Read(_path)).Message.ShouldContain("not UTF-8");
    }

    [Fact]
    public void Read_ControlCharacter_NamesItsLine()
    {
        File.WriteAllText(_path, "a red car\n\na \0 dog\n");

        Should.Throw<EvaluationException>(() => PromptFile.Read(_path)).Message.ShouldContain("line 3");
    }

    [Fact]
    public void Read_NoFile_EndsAsNotThere() =>
        Should.Throw<EvaluationException>(() => PromptFile.Read(_path)).ExitCode.ShouldBe(EvaluationException.NotThere);

    [Fact]
    public void Load_PromptThatTheOracleCannotJudge_IsRefusedUnlessNoneJudges()
    {
        File.WriteAllText(_path, "a red car\na photo of a castle at dusk\n");

        Should.Throw<EvaluationException>(() => PromptSet.Load(_path, 10, withDemands: true)).Message.ShouldContain("--judge none");
        PromptSet.Load(_path, 1, withDemands: true).Prompts.ShouldHaveSingleItem().Demand.ShouldNotBeNull();
        PromptSet.Load(_path, 10, withDemands: false).Prompts.Select(prompt => prompt.Index).ShouldBe([0, 1]);
    }
}
