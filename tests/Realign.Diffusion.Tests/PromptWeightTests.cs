using Realign.Core.Images;
using Realign.Core.Prompts;
using Realign.Diffusion.FineStage;
using Realign.Diffusion.Generation;
using Realign.Diffusion.Adapters;
using Realign.Diffusion.Pipelines;
using Realign.Diffusion.Snapshots;
using Realign.Diffusion.TextualInversion;
using Realign.Testing;
using Realign.Torch;
using Shouldly;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Realign.Diffusion.Tests;

/// <summary>Weights and chunks of prompts against their formulas, and words that keep their segments and heat maps.</summary>
public sealed class PromptWeightTests(Miniature miniature) : IClassFixture<Miniature>
{
    private const string Plain = "a red car and a green apple";

    private TextTower Tower => miniature.Pipeline.Prompts.Tower;

    private int Context => Tower.ContextLength;

    private int Room => Context - 2;

    [Fact]
    public void Encode_Weighted_ScalesTheStates_AndKeepsTheMean()
    {
        using var scope = NewDisposeScope();
        var weights = Weights("red car", 1.3, "apple", 1 / 1.1);

        var states = States("a (red car:1.3) and a green [apple]", PromptSyntax.Weighted);

        var plain = States(Plain, PromptSyntax.Plain).to(ScalarType.Float64);
        var scaled = plain * weights;
        Distance(states, scaled * (plain.mean() / scaled.mean())).ShouldBeLessThan(2e-5);
    }

    [Fact]
    public void Encode_CompelAboveOne_MovesAwayFromTheEmptyPrompt()
    {
        using var scope = NewDisposeScope();

        var states = States("a (red car)1.3 and a green apple++", PromptSyntax.Compel);

        var (plain, empty) = (States(Plain, PromptSyntax.Plain).to(ScalarType.Float64), States("", PromptSyntax.Plain).to(ScalarType.Float64));
        Distance(states, empty + ((plain - empty) * Weights("red car", 1.3, "apple", 1.21))).ShouldBeLessThan(1e-5);
    }

    [Fact]
    public void Encode_CompelBelowOne_BlendsWithThePromptWithoutTheWords()
    {
        using var scope = NewDisposeScope();
        using var grad = no_grad();

        var states = States("a red car and a (green apple)0.4", PromptSyntax.Compel);

        var tokens = Tower.Tokenize(Plain, new PromptRequest { Prompts = [Plain] });
        var mask = ones(1, Context, dtype: ScalarType.Int64);
        foreach (var column in Columns("green apple"))
            mask[0, column] = 0;
        var without = Tower.Run([tokens.Ids], mask).LastHiddenState.to(ScalarType.Float64);
        var (plain, empty) = (States(Plain, PromptSyntax.Plain).to(ScalarType.Float64), States("", PromptSyntax.Plain).to(ScalarType.Float64));
        var weights = Weights("green apple", 0.4, "green apple", 0.4);
        var share = Math.Tan(0.6 * Math.PI / 2);
        var expected = (empty + ((plain - empty) * weights) + ((empty + ((without - empty) * weights)) * share)) / (1 + share);
        Distance(states, expected).ShouldBeLessThan(1e-5);
        Distance(plain, without).ShouldBeGreaterThan(0.01);
    }

    [Theory]
    [InlineData("a red car and a green apple", PromptSyntax.Weighted)]
    [InlineData("a red (car:1) and a green apple", PromptSyntax.Weighted)]
    [InlineData("a red car and a (green apple)1", PromptSyntax.Compel)]
    public void Encode_WithoutWeights_IsThePlainPrompt_ToTheLastBit(string text, PromptSyntax syntax)
    {
        using var scope = NewDisposeScope();

        States(text, syntax, chunks: 3).ToSingles().ShouldBe(States(Plain, PromptSyntax.Plain).ToSingles());
    }

    [Fact]
    public void Encode_LongPrompt_GoesOnInFurtherChunks_AndTheNegativeOneWithEmptyOnes()
    {
        using var scope = NewDisposeScope();
        using var grad = no_grad();
        var text = string.Join(' ', Enumerable.Repeat("red car", (Room * 3 / 4) + 1));
        var request = new PromptRequest { Prompts = [text], MaxChunks = 2 };

        var conditions = miniature.Pipeline.Prompts.Encode(request, guided: true);

        var ids = Tower.Tokenizer.Encode(text)[1..^1];
        var (bos, eos, pad) = (Tower.Tokenizer.BosId, Tower.Tokenizer.EosId, Tower.Tokenizer.PadId);
        int[] first = [bos, .. ids[..Room], eos];
        int[] second = [bos, .. ids[Room..Math.Min(ids.Length, 2 * Room)], eos];
        second = [.. second, .. Enumerable.Repeat(pad, Context - second.Length)];
        var expected = cat([Tower.Run([first]).LastHiddenState, Tower.Run([second]).LastHiddenState], 1);
        Distance(conditions.Positive, expected).ShouldBeLessThan(1e-5);
        var empty = States("", PromptSyntax.Plain);
        Distance(conditions.Negative!, cat([empty, empty], 1)).ShouldBeLessThan(1e-5);
        miniature.Pipeline.Prompts.Truncated(request).Prompt.ShouldBe(ids.Length > 2 * Room ? Tower.Tokenizer.Decode(ids.AsSpan(2 * Room), false) : "");
        miniature.Pipeline.Prompts.Truncated(request with { MaxChunks = 1 }).Prompt.ShouldNotBeEmpty();
    }

    [Fact]
    public void Tokenize_FullChunk_EndsBehindItsLastComma_AndBreakBeginsOne()
    {
        var request = new PromptRequest { Prompts = [""], Syntax = PromptSyntax.Weighted, MaxChunks = 3 };
        var one = Tower.Tokenize("car", request).Columns.Count;
        var text = string.Join(' ', Enumerable.Repeat("car", (Room - 6) / one)) + ", " + string.Join(' ', Enumerable.Repeat("car", 10));

        var tokens = Tower.Tokenize(text, request);

        tokens.Ids.Length.ShouldBe(2 * Context);
        // after the comma all goes into the second chunk
        tokens.Columns.Count(column => column > Context).ShouldBe(10 * one);
        Tower.Tokenize("red car BREAK green apple", request).Columns.ShouldContain(Context + 1);
        Tower.Tokenize(text, request with { Syntax = PromptSyntax.Plain }).Columns.Count(column => column < Context).ShouldBe(Room);
    }

    [Fact]
    public void Prepare_WeightedPrompt_BindsPhrasesToTheirWords_AndAddsMissingOnes()
    {
        var texts = new PromptRequest { Prompts = ["a (red car:1.3) and a [green apple]"], Syntax = PromptSyntax.Weighted };
        var weighted = Plan(texts, "red car", "green apple", "a cat");
        var plain = Plan(new PromptRequest { Prompts = [Plain] }, "red car", "green apple", "a cat");

        weighted.Reports.Select(report => report.Columns).ShouldBe(plain.Reports.Select(report => report.Columns));
        weighted.Reports.ShouldAllBe(report => report.IgnoredBecause.Length == 0);
        weighted.Prompt.ShouldBe("a (red car:1.3) and a [green apple], a cat");
    }

    [Fact]
    public void Prepare_PhraseInTheSecondChunk_IsBoundThere_AndAcrossTheBorderToo()
    {
        var request = new PromptRequest { Prompts = [""], MaxChunks = 2 };
        var one = Tower.Tokenize("blue", request).Columns.Count;
        one.ShouldBe(1);
        var filler = string.Join(' ', Enumerable.Repeat("blue", Room - 1));

        var across = Plan(request with { Prompts = [$"{filler} red car"] }, "red car");
        var behind = Plan(request with { Prompts = [$"{filler} blue red car"] }, "red car");
        var cut = Plan(request with { Prompts = [$"{filler} blue red car"], MaxChunks = 1 }, "red car");

        across.Reports[0].Columns.ShouldBe([Room, Context + 1]);
        behind.Reports[0].Columns.ShouldBe([Context + 1, Context + 2]);
        cut.Reports[0].IgnoredBecause.ShouldNotBeEmpty();
    }

    [Fact]
    public void Apply_WeightedPhrase_KeepsItsWeight()
    {
        using var scope = NewDisposeScope();
        var request = new PromptRequest { Prompts = ["a (red car:1.5) and a green apple"], Syntax = PromptSyntax.Weighted };
        var plan = Plan(request, "red car");
        var conditions = miniature.Pipeline.Prompts.Encode(request, guided: false);

        var replaced = plan.Apply(conditions, miniature.Pipeline.Prompts).Positive;

        var alone = States("(red car:1.5)", PromptSyntax.Weighted);
        foreach (var (index, column) in plan.Reports[0].Columns.Index())
            Distance(replaced.select(1, column), alone.select(1, index + 1)).ShouldBeLessThan(1e-5);
    }

    [Fact]
    public void Generate_HeatMaps_AreOfTheWords_InEveryChunk()
    {
        var pipeline = StableDiffusionSnapshot.Load(Checkout.Miniature("generator"), TorchPlacement.Cpu);
        using var generator = new ImageGenerator(pipeline, new AdapterFolder(null), new EmbeddingFolder(null), 1 << 20);
        GeneratedImages Generate(PromptRequest prompt) => generator.Generate(
            Miniature.Request() with { Prompt = prompt, HeatMaps = true, NumInferenceSteps = 1 }, new RecordingListener(), null,
            TestContext.Current.CancellationToken);

        var plain = Generate(new PromptRequest { Prompts = [Plain] });
        var weighted = Generate(new PromptRequest { Prompts = ["a (red car:1.3) and a [green apple]"], Syntax = PromptSyntax.Weighted });
        var chunked = Generate(new PromptRequest { Prompts = ["a red car BREAK green apple"], Syntax = PromptSyntax.Weighted, MaxChunks = 2 });

        weighted.HeatMaps.Select(map => (map.Word, string.Join(' ', map.Columns))).ShouldBe(
            plain.HeatMaps.Select(map => (map.Word, string.Join(' ', map.Columns))));
        chunked.HeatMaps.Select(map => map.Word).ShouldBe(["a", "red", "car", "green", "apple"]);
        chunked.HeatMaps[3].Columns[0].ShouldBe(Context + 1);
        chunked.HeatMaps.ShouldAllBe(map => map.Values.Max() > 0);
    }

    [Fact]
    public void Encode_XlWeights_LeaveThePooledTextAlone_AndReachBothTowers()
    {
        using var xl = StableDiffusionSnapshot.Load(Path.Combine(ConformancePack.Require(), "diffusion", "sdxl", "snapshot"), TorchPlacement.Cpu);
        using var scope = NewDisposeScope();
        TextConditions Encode(string text, PromptSyntax syntax, int chunks = 1) =>
            xl.Prompts.Encode(new PromptRequest { Prompts = [text], Syntax = syntax, MaxChunks = chunks }, guided: true);

        var plain = Encode("a red car", PromptSyntax.Plain);
        var weighted = Encode("a (red car:1.4)", PromptSyntax.Weighted);
        var twice = Encode("a red car BREAK a cat", PromptSyntax.Weighted, chunks: 2);

        weighted.PooledPositive!.ToSingles().ShouldBe(plain.PooledPositive!.ToSingles());
        var width = xl.Prompts.Tower.Model.Config.HiddenSize;
        Distance(weighted.Positive.narrow(2, 0, width), plain.Positive.narrow(2, 0, width)).ShouldBeGreaterThan(1e-3);
        Distance(weighted.Positive.narrow(2, width, 4), plain.Positive.narrow(2, width, 4)).ShouldBeGreaterThan(1e-3);
        twice.Positive.shape[1].ShouldBe(2 * xl.Prompts.Tower.ContextLength);
        twice.Negative!.shape[1].ShouldBe(2 * xl.Prompts.Tower.ContextLength);
        Distance(twice.PooledPositive!, plain.PooledPositive!).ShouldBeLessThan(1e-5);
    }

    private FineStagePlan Plan(PromptRequest texts, params string[] phrases)
    {
        var side = Miniature.Side;
        var regions = phrases.Select((phrase, index) => new PhraseRegion(phrase, 2, MaskRuns.From(new BinaryMask(side, side,
            [.. Enumerable.Range(0, side * side).Select(i => (byte)(i % side * phrases.Length / side == index ? 1 : 0))]))));
        return FineStagePlan.Prepare(new FineStageRequest { Regions = [.. regions] }, Tower, texts, side, side);
    }

    private Tensor States(string text, PromptSyntax syntax, int chunks = 1) =>
        miniature.Pipeline.Prompts.Encode(new PromptRequest { Prompts = [text], Syntax = syntax, MaxChunks = chunks }, guided: false).Positive;

    private IEnumerable<int> Columns(string words)
    {
        var phrase = Tower.Tokenizer.Encode(words)[1..^1];
        return PhraseSpans.FirstMatch(Tower.Tokenizer.Encode(Plain)[1..^1], phrase)!.Columns;
    }

    // (1, T, 1)
    private Tensor Weights(string first, double weight, string second, double other)
    {
        var weights = ones(1, Context, 1, dtype: ScalarType.Float64);
        foreach (var column in Columns(first))
            weights[0, column, 0] = weight;
        foreach (var column in Columns(second))
            weights[0, column, 0] = other;
        return weights;
    }

    private static double Distance(Tensor a, Tensor b) => a.sub(b).abs().max().ToDouble();
}
