using Realign.Cli.Tests.Fakes;
using Realign.V1;
using Shouldly;
using Xunit;

namespace Realign.Cli.Tests;

/// <summary>Options of attempts and of the fine stage: what reaches the Gateway, and what is refused.</summary>
[Collection(Cli.Collection)]
public sealed class AttemptOptionTests
{
    [Theory]
    [InlineData("--attempts takes 1 to 16, not 0", "--attempts", "0")]
    [InlineData("--attempts takes 1 to 16, not 17", "--attempts", "17")]
    [InlineData("--attempts takes a whole number, not 'two'", "--attempts", "two")]
    [InlineData("--accept always takes the refined image of the one attempt", "--attempts", "2", "--accept", "always")]
    [InlineData("--accept always takes the refined image of the one attempt", "--attempts", "2", "--accept", "ALWAYS")]
    [InlineData("Must be one of", "--accept", "never")]
    public async Task WrongAttempts_AreRefusedBeforeAnythingRuns(string expected, params string[] options)
    {
        using var cli = new Cli();
        var gateway = new VerifyingGateway();
        await using var service = await gateway.StartAsync();

        var (code, _, error) = await Cli.RunAsync(["realign", "a car", .. options, "--out", cli.In("out"), "--gateway", service.Address]);

        code.ShouldBe(ExitCodes.Usage);
        error.ShouldContain(expected);
        gateway.Requests.ShouldBeEmpty();
        Directory.Exists(cli.In("out")).ShouldBeFalse();
    }

    [Fact]
    public async Task Options_ReachTheRequest()
    {
        using var cli = new Cli();
        var gateway = new VerifyingGateway();
        await using var service = await gateway.StartAsync();

        _ = await Cli.RunAsync("realign", "a car", "--out", cli.In("a"), "--gateway", service.Address);
        _ = await Cli.RunAsync("realign", "a car", "--accept", "always", "--out", cli.In("b"), "--gateway", service.Address);
        _ = await Cli.RunAsync("realign", "a car", "--attempts", "3", "--accept", "verified", "--out", cli.In("c"), "--gateway", service.Address);
        _ = await Cli.RunAsync("realign", "a car", "--accept", "ALWAYS", "--out", cli.In("d"), "--gateway", service.Address);
        _ = await Cli.RunAsync("realign", "a car", "--accept", "Verified", "--out", cli.In("e"), "--gateway", service.Address);

        gateway.Requests.Select(request => (request.HasAttempts, request.Attempts, request.Accept)).ShouldBe(
            [(false, 0, Accept.Unspecified), (false, 0, Accept.Always), (true, 3, Accept.Verified), (false, 0, Accept.Always), (false, 0, Accept.Verified)]);
    }

    [Fact]
    public async Task Preset_SetsEveryPublishedValue_AndWhatIsGivenBesidesWins()
    {
        using var cli = new Cli();
        var gateway = new VerifyingGateway();
        await using var service = await gateway.StartAsync();

        _ = await Cli.RunAsync("realign", "a car", "--out", cli.In("a"), "--gateway", service.Address);
        _ = await Cli.RunAsync("realign", "a car", "--preset", "paper", "--out", cli.In("b"), "--gateway", service.Address);
        _ = await Cli.RunAsync("realign", "a car", "--preset", "PAPER", "--mode", "safe", "--schedule-power", "2", "--out", cli.In("c"), "--gateway",
            service.Address);

        var published = new Modulation
        {
            Mode = ModulationMode.Exact,
            CrossAttentionWeight = 1,
            SelfAttentionWeight = 0.3f,
            SchedulePower = 5,
            StepFraction = 0.3f,
            // neither the paper nor the code of DenseDiffusion bounds the gain
            MaxGain = 10,
            ReplaceEmbeddings = true,
            ExtendPrompt = true,
        };
        gateway.Requests[0].Generate.Modulation.ShouldBe(new Modulation());
        gateway.Requests[1].Generate.Modulation.ShouldBe(published);
        published.Mode = ModulationMode.Safe;
        published.SchedulePower = 2;
        gateway.Requests[2].Generate.Modulation.ShouldBe(published);
    }
}
