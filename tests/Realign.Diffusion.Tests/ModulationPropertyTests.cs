using Realign.Core.Images;
using Realign.Diffusion.Attention;
using Realign.Diffusion.FineStage;
using Realign.Torch;
using Shouldly;
using Xunit;
using static TorchSharp.torch;

namespace Realign.Diffusion.Tests;

/// <summary>Properties of modulated attention (Eq. 7-10) that hold whatever the segments: on random logits, and in the embedded UNet.</summary>
public sealed class ModulationPropertyTests(Miniature miniature) : IClassFixture<Miniature>
{
    private const int Keys = 12;
    private static readonly AttentionSite Cross = new("up_blocks.0.attentions.0.transformer_blocks.0.attn2", IsCross: true, 8, 8);
    private static readonly AttentionSite Self = new("up_blocks.0.attentions.0.transformer_blocks.0.attn1", IsCross: false, 8, 8);

    [Theory]
    [InlineData(NegativeSelector.Safe)]
    [InlineData(NegativeSelector.Exact)]
    public void Modulate_StaysBetweenTheRowsExtrema(NegativeSelector negative)
    {
        var random = new Random(5);
        for (var round = 0; round < 20; round++)
        {
            using var scope = NewDisposeScope();
            using var modulator = Modulator(new ModulationOptions { Negative = negative, SelfWeight = 1 }, Layout(random, random.NextDouble() * 2));
            var attention = modulator.AtStep(0, 10, 900, 0).ShouldNotBeNull();
            foreach (var site in new[] { Cross, Self })
            {
                var logits = Logits(random, 1, site.IsCross ? Keys : 64);
                var changed = attention.Modulate(site, logits, 0);

                changed.sub(logits.amax([-1], keepdim: true)).max().item<float>().ShouldBeLessThanOrEqualTo(1e-4f);
                logits.amin([-1], keepdim: true).sub(changed).max().item<float>().ShouldBeLessThanOrEqualTo(1e-4f);
                changed.sub(logits).abs().max().item<float>().ShouldBeGreaterThan(0.01f, "something is modulated");
            }
        }
    }

    [Fact]
    public void Modulate_PixelsOfNoSegment_AreLeftAloneForTokensOfNoSegment()
    {
        using var scope = NewDisposeScope();
        var random = new Random(6);
        // the left half belongs to tokens 1 and 2, the right half to nobody
        using var modulator = Modulator(new ModulationOptions(), new ModulationLayout([new ModulationSegment([1, 2], 1, Half(left: true))], [],
            MaskSampling.Nearest, 8, 8, CPU));
        var logits = Logits(random, 1, Keys);
        var changed = modulator.AtStep(0, 10, 900, 0)!.Modulate(Cross, logits, 0).view(1, 2, 8, 8, Keys);
        var before = logits.view(1, 2, 8, 8, Keys);

        var (outside, old) = (changed.narrow(3, 4, 4), before.narrow(3, 4, 4));
        outside.narrow(4, 3, Keys - 3).Equals(old.narrow(4, 3, Keys - 3)).ShouldBeTrue("free pixels keep their logits for free tokens");
        outside.narrow(4, 1, 2).sub(old.narrow(4, 1, 2)).max().item<float>().ShouldBeLessThan(1e-5f, "and are pulled away from the phrase");
        changed.narrow(3, 0, 4).narrow(4, 1, 2).sub(before.narrow(3, 0, 4).narrow(4, 1, 2)).min().item<float>().ShouldBeGreaterThan(-1e-5f);
    }

    [Fact]
    public void Modulate_HigherScore_PullsHarder_AndZeroNotAtAll()
    {
        using var scope = NewDisposeScope();
        var logits = Logits(new Random(8), 1, Keys);
        Tensor With(double score)
        {
            using var modulator = Modulator(
                new ModulationOptions { MaxGain = null }, new ModulationLayout([new ModulationSegment([3], score, Half(left: true))], [], MaskSampling.Nearest,
                    8, 8, CPU));
            return modulator.AtStep(0, 10, 900, 0)!.Modulate(Cross, logits, 0).view(1, 2, 8, 8, Keys).narrow(3, 0, 4).narrow(4, 3, 1);
        }

        var plain = logits.view(1, 2, 8, 8, Keys).narrow(3, 0, 4).narrow(4, 3, 1);
        With(0).sub(plain).abs().max().item<float>().ShouldBeLessThan(1e-6f);
        With(1).sub(With(0.5)).min().item<float>().ShouldBeGreaterThan(-1e-5f);
        With(1).sub(With(0.5)).max().item<float>().ShouldBeGreaterThan(0);
    }

    [Fact]
    public void Process_BatchOfDifferentLayouts_EqualsEachAlone()
    {
        using var scope = NewDisposeScope();
        using var grad = no_grad();
        var generator = new Generator(9);
        var latents = randn([2, 8, 8, 8], generator: generator);
        var states = randn([2, Keys, 128], generator: generator);
        var time = tensor(800f);
        ModulationLayout First() => new([new ModulationSegment([1, 2], 1, Half(left: true))], [], MaskSampling.Area, 8, 8, CPU);
        ModulationLayout Second() => new([new ModulationSegment([4], 0.5, Half(left: false))], [7], MaskSampling.Area, 8, 8, CPU);
        Tensor Run(Tensor sample, Tensor text, params ModulationLayout[] layouts)
        {
            using var modulator = Modulator(new ModulationOptions(), layouts);
            return miniature.Pipeline.UNet.forward(sample, time, text, attention: modulator.AtStep(0, 10, 800, 0));
        }

        var together = Run(latents, states, First(), Second());
        var alone = cat([Run(latents.narrow(0, 0, 1), states.narrow(0, 0, 1), First()), Run(latents.narrow(0, 1, 1), states.narrow(0, 1, 1), Second())], 0);

        together.sub(alone).abs().max().item<float>().ShouldBeLessThan(1e-4f);
        together.sub(miniature.Pipeline.UNet.forward(latents, time, states)).abs().max().item<float>().ShouldBeGreaterThan(1e-3f);
    }

    [Fact]
    public void Process_SampleWithoutSegments_BesideOneWithSome_IsUnchangedToTheLastBit()
    {
        using var scope = NewDisposeScope();
        using var grad = no_grad();
        var random = new Random(10);
        var query = Logits(random, 2, 16);
        var (key, value) = (randn([2, 2, Keys, 16]), randn([2, 2, Keys, 16]));
        using var modulator = Modulator(new ModulationOptions(), Layout(random, 1), new ModulationLayout([], [], MaskSampling.Area, 8, 8, CPU));

        var changed = modulator.AtStep(0, 10, 900, 0)!.Process(Cross, query, key, value, 0.25, CancellationToken.None);
        var plain = Realign.Torch.Layers.Attention.ScaledDotProduct(query.narrow(0, 1, 1), key.narrow(0, 1, 1), value.narrow(0, 1, 1), scale: 0.25);

        changed.narrow(0, 1, 1).Equals(plain).ShouldBeTrue();
    }

    [Fact]
    public void AtStep_AfterTheActiveShare_IsNothing()
    {
        using var modulator = Modulator(new ModulationOptions { StepFraction = 0.3 }, Layout(new Random(1), 1));

        Enumerable.Range(0, 10).Select(step => modulator.AtStep(step, 10, 900 - (step * 90), 0) is not null)
            .ShouldBe([true, true, true, .. Enumerable.Repeat(false, 7)]);
    }

    [Fact]
    public void AtStep_StrengthFollowsTheTrainingSchedule()
    {
        using var scope = NewDisposeScope();
        var logits = Logits(new Random(11), 1, Keys);
        Tensor With(int trainSteps, double timestep)
        {
            using var modulator = new AttentionModulator(
                new ModulationOptions(), [new ModulationLayout([new ModulationSegment([3], 1, Half(left: true))], [], MaskSampling.Area, 8, 8, CPU)],
                    trainSteps);
            return modulator.AtStep(0, 10, timestep, 0)!.Modulate(Cross, logits, 0);
        }

        With(4000, 3600).sub(With(1000, 900)).abs().max().item<float>().ShouldBeLessThan(1e-5f);
        With(4000, 900).sub(With(1000, 900)).abs().max().item<float>().ShouldBeGreaterThan(0.01f);
    }

    [Fact]
    public void AtStep_ProcessorsOfOtherSteps_DoNotDisturbEachOther()
    {
        using var scope = NewDisposeScope();
        var logits = Logits(new Random(12), 1, Keys);
        using var modulator = Modulator(new ModulationOptions(), Layout(new Random(12), 1));
        var (first, second) = (modulator.AtStep(0, 10, 900, 0)!, modulator.AtStep(1, 10, 500, 0)!);
        var expected = first.Modulate(Cross, logits, 0);

        second.Modulate(Cross, logits, 0).Equals(expected).ShouldBeFalse();

        first.Modulate(Cross, logits, 0).Equals(expected).ShouldBeTrue();
    }

    private static AttentionModulator Modulator(ModulationOptions options, params ModulationLayout[] layouts) => new(options, layouts, 1000);

    private static ModulationLayout Layout(Random random, double score)
    {
        var split = random.Next(1, 8);
        BinaryMask Columns(int from, int to) =>
            new(8, 8, [.. Enumerable.Range(0, 64).Select(cell => (byte)(cell % 8 >= from && cell % 8 < to && random.Next(5) > 0 ? 1 : 0))]);
        return new ModulationLayout([new ModulationSegment([1, 2], score, Columns(0, split)), new ModulationSegment([random.Next(3, Keys)], 1,
            Columns(split, 8))], [], MaskSampling.Area, 8, 8, CPU);
    }

    private static BinaryMask Half(bool left) => new(8, 8, [.. Enumerable.Range(0, 64).Select(cell => (byte)(cell % 8 < 4 == left ? 1 : 0))]);

    // (batch, 2 heads, 64 pixels, keys)
    private static Tensor Logits(Random random, int batch, int keys)
    {
        using var generator = new Generator((ulong)random.Next());
        return randn([batch, 2, 64, keys], generator: generator).mul(Scalars.Of(3));
    }
}
