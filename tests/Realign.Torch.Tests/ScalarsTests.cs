using Shouldly;
using TorchSharp;
using Xunit;

namespace Realign.Torch.Tests;

public sealed class ScalarsTests
{
    [Fact]
    public void Of_SurvivesACollection()
    {
        var kept = Kept();

        GC.Collect();
        GC.WaitForPendingFinalizers();

        kept.IsAlive.ShouldBeTrue();
    }

    [Theory]
    [InlineData(0.0)]
    [InlineData(-1.5)]
    [InlineData(1e300)]
    [InlineData(double.NegativeInfinity)]
    public void Of_IsTheNumber(double value)
    {
        Scalars.Of(value).ToDouble().ShouldBe(value);
        Scalars.Of(value).ToDouble().ShouldBe(value);
    }

    [Fact]
    public void Of_WholeNumberStaysWhole()
    {
        using var scope = torch.NewDisposeScope();

        torch.ones(2, dtype: torch.int64).mul(Scalars.Of(3)).dtype.ShouldBe(torch.ScalarType.Int64);
        torch.ones(2, dtype: torch.int64).mul(Scalars.Of(3.0)).dtype.ShouldBe(torch.ScalarType.Float32);
    }

    [Fact]
    public void Of_MoreNumbersThanSlots_AllRight()
    {
        for (var i = 0; i < 20_000; i++)
            Scalars.Of(i * 0.25).ToDouble().ShouldBe(i * 0.25);
    }

    [Fact]
    public void Of_OtherThreadAsksForEverySlot_NumberOfThisThreadStaysAlive()
    {
        var kept = Kept();

        AskForEverySlotOnAnotherThread();
        Collect();

        kept.IsAlive.ShouldBeTrue();
    }

    [Fact]
    public void Of_OtherNumbersOfOneOperation_PushNoneOut()
    {
        // the numbers after it meet the slot of one in sixteen
        for (var round = 0; round < 200; round++)
        {
            var kept = Kept(round + 0.1);
            for (var i = 1; i < 255; i++)
                _ = Scalars.Of((round * 1000) + (i * 0.37));

            Collect();

            kept.IsAlive.ShouldBeTrue($"round {round}");
        }
    }

    [Fact]
    public async Task Of_TwoThreadsOnTheSameSlots_EveryResultIsRight()
    {
        var wrong = 0;
        using var over = new CancellationTokenSource();
        var collector = Task.Factory.StartNew(() =>
        {
            while (!over.IsCancellationRequested)
                Collect();
        }, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

        var threads = Enumerable.Range(0, 2).Select(thread => Task.Factory.StartNew(() => Hammer(thread, ref wrong), TaskCreationOptions.LongRunning))
            .ToArray();
        await Task.WhenAll(threads);
        await over.CancelAsync();
        await collector;

        wrong.ShouldBe(0);
    }

    private static void Hammer(int thread, ref int wrong)
    {
        using var scope = torch.NewDisposeScope();
        using var one = torch.ones(1);
        for (var i = 0; i < 10_000; i++)
        {
            using var inner = torch.NewDisposeScope();
            // more numbers than slots, other ones on each thread
            var (factor, bound) = (((i * 2) + thread) * 0.5, (i * 2) + thread + 1);
            var result = one.mul(Scalars.Of(factor)).clamp(Scalars.Of(-1.0 - thread), Scalars.Of((double)bound)).item<float>();
            if (Math.Abs(result - (float)factor) > 0)
                Interlocked.Increment(ref wrong);
        }
    }

    private static void AskForEverySlotOnAnotherThread()
    {
        var thread = new Thread(() =>
        {
            for (var i = 1; i < 100_000; i++)
                _ = Scalars.Of(i * 0.25);
        });
        thread.Start();
        thread.Join();
    }

    private static void Collect()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
    }

    // a frame of its own, so that no local variable keeps the scalar
    [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
    private static WeakReference Kept(double value = 0.123456789) => new(Scalars.Of(value));
}
