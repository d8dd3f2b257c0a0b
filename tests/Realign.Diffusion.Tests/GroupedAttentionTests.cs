using Realign.Core.Images;
using Realign.Diffusion.Attention;
using Realign.Diffusion.FineStage;
using Shouldly;
using Xunit;
using static TorchSharp.torch;

namespace Realign.Diffusion.Tests;

/// <summary>Modulated attention of large maps goes through the fused kernel; the same in the open is what it is held against.</summary>
public sealed class GroupedAttentionTests
{
    private const int Side = 24;
    private const int Tokens = 130;

    [Theory]
    [InlineData(false, NegativeSelector.Safe, 0.95)]
    [InlineData(true, NegativeSelector.Safe, 0.95)]
    [InlineData(true, NegativeSelector.Exact, null)]
    [InlineData(false, NegativeSelector.Exact, null)]
    public void LargeMap_IsThatInTheOpen(bool isCross, NegativeSelector negative, double? maxGain)
    {
        using var scope = NewDisposeScope();
        using var grad = no_grad();
        var site = new AttentionSite("up_blocks.1.attentions.0.transformer_blocks.0.attn" + (isCross ? 2 : 1), isCross, Side, Side);
        var options = new ModulationOptions { Negative = negative, MaxGain = maxGain, SelfWeight = 0.7 };
        var layout = new ModulationLayout([Segment([1, 2], 0, 9), Segment([4], 12, 24)], [6], MaskSampling.Area, Side, Side, CPU);
        using var modulator = new AttentionModulator(options, [layout], 1000);
        var attention = modulator.AtStep(0, 10, 900, firstRow: 1).ShouldNotBeNull();
        var generator = new Generator(5);
        var query = randn([2, 3, Side * Side, 20], generator: generator);
        var (key, value) = (randn([2, 3, isCross ? Tokens : Side * Side, 20], generator: generator), randn([2, 3, isCross ? Tokens : Side * Side, 20],
            generator: generator));
        var expected = empty_like(query);
        ExplicitAttention.Attend(expected, query, key, value, 0.3, (logits, first) => attention.Modulate(site, logits, first), CancellationToken.None);

        var actual = attention.Process(site, query, key, value, 0.3, CancellationToken.None);

        layout.At(Side, Side).Groups.ShouldNotBeNull().All.Count.ShouldBe(3);
        actual.sub(expected).abs().max().item<float>().ShouldBeLessThan(2e-5f);
    }

    [Fact]
    public void Groups_OverlappingMasks_ArePixelsOfTheSameSegments()
    {
        using var groups = QueryGroups.Of([Mask([1, 1, 0, 0, 1]), Mask([0, 1, 1, 0, 1])], CPU).ShouldNotBeNull();

        groups.All.Select(group => (group.First, Realign.Torch.TensorConvert.ToInt64s(group.Pixels))).ShouldBe(
            [(0L, new long[] { 0 }), (1L, new long[] { 1, 4 }), (2L, new long[] { 2 }), (3L, new long[] { 3 })], new ByContent());
    }

    [Fact]
    public void Groups_TooMany_AreNone() =>
        QueryGroups.Of([.. Enumerable.Range(0, 60).Select(i => Mask([.. Enumerable.Range(0, 60).Select(pixel => pixel == i ? (byte)1 : (byte)0)]))], CPU)
            .ShouldBeNull();

    private static BinaryMask Mask(byte[] cells) => new(cells.Length, 1, cells);

    private static ModulationSegment Segment(IReadOnlyList<int> tokens, int left, int right) => new(tokens, 2, new BinaryMask(
        Side, Side, [.. Enumerable.Range(0, Side * Side).Select(cell => cell % Side >= left && cell % Side < right ? (byte)1 : (byte)0)]));

    private sealed class ByContent : IEqualityComparer<(long First, long[] Pixels)>
    {
        public bool Equals((long First, long[] Pixels) x, (long First, long[] Pixels) y) => x.First == y.First && x.Pixels.SequenceEqual(y.Pixels);

        public int GetHashCode((long First, long[] Pixels) obj) => obj.First.GetHashCode();
    }
}
