using Realign.Diffusion.Attention;
using Realign.Diffusion.Pipelines;
using Realign.Diffusion.Snapshots;
using Realign.Testing;
using Realign.Torch;
using Shouldly;
using Xunit;
using static TorchSharp.torch;

namespace Realign.Diffusion.Tests;

/// <summary>The halves of a guided step, computed at once by two threads.</summary>
public sealed class HalvesApartTests : IClassFixture<Miniature>, IDisposable
{
    private readonly Miniature _together;
    private readonly StableDiffusionPipeline _apart;

    public HalvesApartTests(Miniature together)
    {
        _together = together;
        _apart = StableDiffusionSnapshot.Load(Checkout.Miniature("generator"), TorchPlacement.Cpu, halvesApart: true);
    }

    public void Dispose() => _apart.Dispose();

    [Fact]
    public void Generate_IsTheImageOfOnePass()
    {
        var expected = _together.Generate(Miniature.Request());

        var actual = Miniature.Generate(_apart, Miniature.Request());

        actual.Zip(expected, (a, b) => Math.Abs(a - b)).Max().ShouldBeLessThan(1e-3f);
    }

    [Fact]
    public void Generate_AttentionProcessors_SeeThePromptsHalf()
    {
        var recorder = new Recorder();
        var firstRows = new HashSet<int>();

        _ = Miniature.Generate(_apart, Miniature.Request(), new PipelineHooks
        {
            Attention = step =>
            {
                _ = firstRows.Add(step.FirstRow);
                return recorder;
            },
        });

        firstRows.ShouldBe([0]);
        recorder.Batches.ShouldBe([1L]);
    }

    [Fact]
    public void Generate_FailureInOneHalf_EndsTheRunAndThePipelineGoesOn()
    {
        var before = Miniature.SettledTensors();

        Should.Throw<TimeoutException>(() => Miniature.Generate(_apart, Miniature.Request(), new PipelineHooks { Attention = _ => new Failing() }));

        Miniature.SettledTensors().ShouldBe(before);
        Miniature.Generate(_apart, Miniature.Request()).ShouldAllBe(value => float.IsFinite(value));
    }

    [Fact]
    public void Generate_Cancelled_EndsBothHalves()
    {
        using var cancel = new CancellationTokenSource();

        Should.Throw<OperationCanceledException>(() => Miniature.Generate(_apart, Miniature.Request(), new PipelineHooks
        {
            Attention = _ =>
            {
                cancel.Cancel();
                return null;
            },
        }, cancel.Token));
    }

    private sealed class Recorder : IAttentionProcessor
    {
        public HashSet<long> Batches { get; } = [];

        public bool Handles(AttentionSite site) => true;

        public Tensor Process(AttentionSite site, Tensor query, Tensor key, Tensor value, double scale, CancellationToken cancellation)
        {
            _ = Batches.Add(query.shape[0]);
            return FusedAttention.Compute(query, key, value, scale, cancellation);
        }
    }

    private sealed class Failing : IAttentionProcessor
    {
        public bool Handles(AttentionSite site) => site.IsCross;

        public Tensor Process(AttentionSite site, Tensor query, Tensor key, Tensor value, double scale, CancellationToken cancellation) =>
            throw new TimeoutException();
    }
}
