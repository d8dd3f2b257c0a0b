using Realign.Core.Images;
using Realign.Diffusion.Attention;
using Realign.Diffusion.FineStage;
using Shouldly;
using Xunit;
using static TorchSharp.torch;

namespace Realign.Diffusion.Tests;

/// <summary>A caller who leaves ends the work inside a step, a layer of attention or the decoding of an image.</summary>
public sealed class CancellationTests(Miniature miniature) : IClassFixture<Miniature>
{
    private static readonly AttentionSite Self = new("up_blocks.1.attentions.0.transformer_blocks.0.attn1", IsCross: false, 64, 64);

    [Fact]
    public void UNet_CancelledAtAModule_ComputesNoOther()
    {
        using var scope = NewDisposeScope();
        using var grad = no_grad();
        using var cancel = new CancellationTokenSource();
        var seen = new List<string>();

        Should.Throw<OperationCanceledException>(() => miniature.Pipeline.UNet.forward(
            zeros(2, 8, 8, 8), tensor(500f), zeros(2, 12, 128), observer: (module, _) =>
            {
                seen.Add(module);
                if (module.StartsWith("down_blocks.0.attentions", StringComparison.Ordinal))
                    cancel.Cancel();
            }, cancellation: cancel.Token));

        seen[^1].ShouldStartWith("down_blocks.0.attentions");
    }

    [Fact]
    public void Decode_CancelledAtAModule_ComputesNoOther()
    {
        using var scope = NewDisposeScope();
        using var grad = no_grad();
        using var cancel = new CancellationTokenSource();
        var seen = new List<string>();

        Should.Throw<OperationCanceledException>(() => miniature.Pipeline.Vae.Decode(zeros(1, 8, 8, 8), (module, _) =>
        {
            seen.Add(module);
            if (module == "decoder.up_blocks.0")
                cancel.Cancel();
        }, cancel.Token));

        seen[^1].ShouldBe("decoder.up_blocks.0");
    }

    [Fact]
    public void LargeAttention_Cancelled_StopsAtTheNextSlice()
    {
        using var scope = NewDisposeScope();
        using var grad = no_grad();
        using var cancel = new CancellationTokenSource();
        var states = randn([1, 4, Self.Height * Self.Width, 24]);
        var slices = 0;
        cancel.Cancel();

        Should.Throw<OperationCanceledException>(() => FusedAttention.Attend(empty_like(states), states, states, states, null, cancel.Token));
        using var running = new CancellationTokenSource();
        Should.Throw<OperationCanceledException>(() => ExplicitAttention.Attend(empty_like(states), states, states, states, 0.2, (logits, _) =>
        {
            slices++;
            running.Cancel();
            return logits;
        }, running.Token));

        slices.ShouldBe(1);
    }

    [Fact]
    public void ModulatedAttention_Cancelled_Throws()
    {
        using var scope = NewDisposeScope();
        var states = randn([2, 4, Self.Height * Self.Width, 24]);
        var layout = new ModulationLayout(
            [new ModulationSegment([1], 2, new BinaryMask(2, 1, [1, 0]))], [], MaskSampling.Area, Self.Height, Self.Width, CPU);
        using var modulator = new AttentionModulator(new ModulationOptions(), [layout], 1000);
        var attention = modulator.AtStep(0, 10, 900, 1).ShouldNotBeNull();

        Should.Throw<OperationCanceledException>(() => attention.Process(Self, states, states, states, 0.2, new CancellationToken(canceled: true)));
    }

    [Fact]
    public void SlicedAttention_IsThatOfOnePiece()
    {
        using var scope = NewDisposeScope();
        using var grad = no_grad();
        var states = randn([2, 4, Self.Height * Self.Width, 24], generator: new Generator(4));
        var whole = Realign.Torch.Layers.Attention.ScaledDotProduct(states, states, states);
        var (fused, open) = (empty_like(states), empty_like(states));

        FusedAttention.Attend(fused, states, states, states, null, CancellationToken.None);
        ExplicitAttention.Attend(open, states, states, states, 1 / Math.Sqrt(24), (logits, _) => logits, CancellationToken.None);

        fused.sub(whole).abs().max().item<float>().ShouldBeLessThan(1e-5f);
        open.sub(whole).abs().max().item<float>().ShouldBeLessThan(1e-5f);
    }
}
