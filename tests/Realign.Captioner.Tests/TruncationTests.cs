using Realign.Testing;
using Realign.V1;
using Shouldly;
using Xunit;

namespace Realign.Captioner.Tests;

/// <summary>The end of a text that a model does not read is reported, wherever texts come in.</summary>
public sealed class TruncationTests
{
    private static readonly string Long = $"{string.Concat(Enumerable.Repeat("a red car and ", 12))}a purple elephant";

    [Theory]
    [InlineData(ScoreMethod.Likelihood)]
    [InlineData(ScoreMethod.Clip)]
    public async Task ScorePrompt_ReportsTheEndItDidNotRead(ScoreMethod method)
    {
        await using var service = await TestService.StartAsync(CaptionerApp.Build);

        var response = await CaptionerServiceTests.Client(service).ScorePromptAsync(new ScorePromptRequest
        {
            Method = method,
            Items = { new ScoreItem { Image = Scenes.Encoded(), Prompt = "a red car" }, new ScoreItem { Image = Scenes.Encoded(), Prompt = Long } },
        }).ResponseAsync.DefaultTimeout();

        response.Scores[0].TruncatedPrompt.ShouldBeEmpty();
        response.Scores[0].NumTokensRead.ShouldBe(5);
        response.Scores[1].TruncatedPrompt.ShouldEndWith("a purple elephant");
        response.Scores[1].NumTokensRead.ShouldBe(32);
    }

    [Theory]
    [InlineData("blip2-itm", "", 32)]
    [InlineData("blip-itm", "itm-", 35)]
    public async Task RetrievalModels_ReportTheEndTheyDidNotRead(string part, string prefix, int room)
    {
        var folder = Path.Combine(ConformancePack.Require(), "vision-language", part);
        using var cases = System.Text.Json.JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, $"{prefix}cases.json")));
        var snapshot = Path.Combine(folder, cases.RootElement.GetProperty("snapshot").GetString()!);
        await using var service = await TestService.StartAsync(CaptionerApp.Build, $"--Captioner:Retrieval={snapshot}");
        var client = CaptionerServiceTests.Client(service);

        var embedded = await client.EmbedTextAsync(new EmbedTextRequest { Texts = { "a red car", Long } }).ResponseAsync.DefaultTimeout();
        var scored = await client.ScorePromptAsync(new ScorePromptRequest
        {
            Method = ScoreMethod.Itm,
            Items = { new ScoreItem { Image = Scenes.Encoded(), Prompt = Long } },
        }).ResponseAsync.DefaultTimeout();

        embedded.Texts[0].Truncated.ShouldBeEmpty();
        embedded.Texts[1].NumTokens.ShouldBe(room);
        embedded.Texts[1].Truncated.ShouldEndWith("elephant");
        scored.Scores[0].NumTokensRead.ShouldBe(room);
        scored.Scores[0].TruncatedPrompt.ShouldBe(embedded.Texts[1].Truncated);
    }

    [Fact]
    public async Task EmbedText_ReportsEachText()
    {
        await using var service = await TestService.StartAsync(CaptionerApp.Build);

        var response = await CaptionerServiceTests.Client(service).EmbedTextAsync(new EmbedTextRequest { Texts = { "a red car", Long } })
            .ResponseAsync.DefaultTimeout();

        response.Texts[0].ShouldBe(new TextReport { NumTokens = 5 });
        response.Texts[1].NumTokens.ShouldBe(32);
        response.Texts[1].Truncated.ShouldEndWith("a purple elephant");
    }

    [Fact]
    public async Task Caption_SaysWhatItReadAndWhetherItEnded()
    {
        await using var service = await TestService.StartAsync(CaptionerApp.Build);
        var client = CaptionerServiceTests.Client(service);

        var whole = await client.CaptionAsync(new CaptionRequest { Image = Scenes.Encoded(), Prompt = "a" }).ResponseAsync.DefaultTimeout();
        var cut = await client.CaptionAsync(new CaptionRequest { Image = Scenes.Encoded(), MaxNewTokens = 1 }).ResponseAsync.DefaultTimeout();

        whole.NumPromptTokens.ShouldBe(2);
        whole.Finished.ShouldBeTrue();
        cut.Finished.ShouldBeFalse();
        cut.NumPromptTokens.ShouldBe(1);
    }
}
