using Realign.Cli.Tests.Fakes;
using Shouldly;
using Xunit;

namespace Realign.Cli.Tests;

/// <summary>How <c>realign realign</c> ends when a command line or a call is wrong.</summary>
[Collection(Cli.Collection)]
public sealed class RealignErrorTests
{
    [Theory]
    [InlineData("--init-image", "nowhere.png")]
    [InlineData("--mask", "nowhere.png")]
    [InlineData("--original-size", "1024")]
    [InlineData("--crop", "1x-2")]
    [InlineData("--negative-target-size", "x")]
    public async Task ConditionThatCannotBeRead_IsAUsageError(string option, string value)
    {
        using var cli = new Cli();

        (await Cli.RunAsync("realign", "a car", option, value, "--out", cli.In("out"))).Code.ShouldBe(2);
    }

    [Theory]
    [InlineData("bad", ExitCodes.Usage, "send a good one")]
    [InlineData("fail", ExitCodes.NotReady, "load it")]
    public async Task Refusal_EndsWithItsExitCodeAndTheWayOut(string prompt, int expected, string wayOut)
    {
        using var cli = new Cli();
        await using var services = await FakeServices.StartAsync();

        var (code, _, error) = await Cli.RunAsync("realign", prompt, "--out", cli.In("out"), "--gateway", services.Address);

        code.ShouldBe(expected);
        error.ShouldContain(wayOut, Case.Insensitive);
        Directory.Exists(cli.In("out")).ShouldBeFalse();
    }

    [Fact]
    public async Task NoGateway_SaysHowToStartIt()
    {
        using var cli = new Cli();

        var (code, _, error) = await Cli.RunAsync("realign", "a red car", "--out", cli.In("out"), "--gateway", "http://127.0.0.1:1");

        code.ShouldBe(ExitCodes.Unavailable);
        error.ShouldContain("http://127.0.0.1:1");
        error.ShouldContain("./run");
        error.ShouldNotContain(" at Realign.");
    }

    [Theory]
    [InlineData("realign")]
    [InlineData("realign", "a", "--prompts-file", "b")]
    [InlineData("realign", "--prompts-file", "b")]
    [InlineData("realign", "a", "--seeds", "1")]
    [InlineData("realign", "--prompts-file", "b", "--out", "x", "--seed", "1")]
    [InlineData("realign", "--prompts-file", "b", "--out", "x", "--json")]
    [InlineData("status", "--address", "nonsense")]
    [InlineData("up", "--timeout", "NaN")]
    [InlineData("up", "--set", "Generator:DType")]
    [InlineData("up", "--set", "Generatr:DType=float16")]
    [InlineData("realign", "a", "--deadline", "0")]
    [InlineData("realign", "a", "--scheduler", "magic")]
    [InlineData("realign", "a", "--gateway", "nonsense")]
    [InlineData("realign", "--prompts-file", "/does/not/exist", "--out", "x")]
    [InlineData("bogus")]
    public async Task WrongCommandLine_EndsWithTwo(params string[] args)
    {
        using var cli = new Cli();

        var (code, output, error) = await Cli.RunAsync(args);

        code.ShouldBe(ExitCodes.Usage);
        (output + error).ShouldNotBeEmpty();
    }

    [Theory]
    [InlineData("--num-inference-steps", "many", "--num-inference-steps takes a whole number, not 'many'.")]
    [InlineData("--seed", "-1", "--seed takes a whole number from 0 on, not '-1'.")]
    [InlineData("--eta", "x", "--eta takes a number, not 'x'.")]
    public async Task ValueOfTheWrongType_IsExplainedWithoutTypeNames(string option, string value, string expected)
    {
        using var cli = new Cli();

        var (code, _, error) = await Cli.RunAsync("realign", "a red car", option, value);

        code.ShouldBe(ExitCodes.Usage);
        error.ShouldContain(expected);
        error.ShouldNotContain("System.");
    }
}
