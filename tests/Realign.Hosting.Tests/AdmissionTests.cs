using Realign.Core.Errors;
using Realign.Hosting.Models;
using Realign.Hosting.Scheduling;
using Realign.Testing;
using Shouldly;
using Xunit;

namespace Realign.Hosting.Tests;

/// <summary>What the runner tells callers whom the scheduler refuses, and when.</summary>
public sealed class AdmissionTests
{
    private static readonly CallTerms None = new(CancellationToken.None);

    [Fact]
    public async Task CallThatCannotEndInTime_IsRefusedAtOnce_AndToldWhenItCan()
    {
        var time = new ManualTime();
        using var runner = new ModelRunner("test", 4, StallRule.Default, time);
        await TeachAsync(runner, time);
        using var gate = new ManualResetEventSlim();
        var running = await OccupyAsync(runner, gate);
        time.Advance(TimeSpan.FromSeconds(4));

        var refused = Should.Throw<ResourceExhaustedException>(() => _ = runner.RunAsync(_ => 1, None with { TimeLeft = TimeSpan.FromSeconds(12) }));
        var hopeless = Should.Throw<ResourceExhaustedException>(() => _ = runner.RunAsync(_ => 1, None with { TimeLeft = TimeSpan.FromSeconds(9) }));

        refused.RetryAfter.ShouldBe(TimeSpan.FromSeconds(4));
        refused.Message.ShouldBe("test could begin in about 6 s and takes 10 s for such a call, more than is left of its time");
        hopeless.Message.ShouldBe("test takes about 10 s for such a call, more than it was given");
        gate.Set();
        _ = await running.DefaultTimeout();
    }

    [Fact]
    public async Task CallThatWaitedTooLong_IsAnsweredByTheTimer_WhileTheModelIsBusy()
    {
        var time = new ManualTime();
        using var runner = new ModelRunner("test", 4, StallRule.Default, time);
        await TeachAsync(runner, time);
        using var gate = new ManualResetEventSlim();
        var running = await OccupyAsync(runner, gate);
        var waiting = runner.RunAsync(_ => 1, None with { TimeLeft = TimeSpan.FromSeconds(25) });

        time.Advance(TimeSpan.FromSeconds(15));
        waiting.IsCompleted.ShouldBeFalse();
        time.Advance(TimeSpan.FromMilliseconds(2));

        (await Should.ThrowAsync<ResourceExhaustedException>(waiting.DefaultTimeout())).RetryAfter.ShouldBeGreaterThan(TimeSpan.Zero);
        runner.QueueLength.ShouldBe(0);
        gate.Set();
        _ = await running.DefaultTimeout();
    }

    [Fact]
    public async Task CallThatLosesItsPlace_IsToldSo_AndItsInputSlotIsFree()
    {
        using var runner = new ModelRunner("test", 3);
        using var gate = new ManualResetEventSlim();
        var running = await OccupyAsync(runner, gate);
        using var prepared = new SemaphoreSlim(0);
        var large = Enumerable.Range(0, 3).Select(i => Prepared(i, None with { Tenant = "large" })).ToList();
        for (var i = 0; i < ModelRunner.InputSlots; i++)
            (await prepared.WaitAsync(TimeSpan.FromMinutes(1))).ShouldBeTrue();

        var small = Prepared(9, None with { Tenant = "small" });

        (await Should.ThrowAsync<ResourceExhaustedException>(large[2].DefaultTimeout())).Message.ShouldContain("its place went to");
        // it has the slot of the other while the model is still busy
        (await prepared.WaitAsync(TimeSpan.FromMinutes(1))).ShouldBeTrue();
        gate.Set();
        (await Task.WhenAll(large[0], large[1], small).DefaultTimeout()).ShouldBe([0, 1, 9]);
        _ = await running.DefaultTimeout();

        Task<int> Prepared(int value, CallTerms terms) => runner.RunAsync(
            token =>
            {
                _ = prepared.Release();
                return value;
            }, (input, _) => input, terms);
    }

    [Fact]
    public async Task ContinuingCall_WithInput_RunsBeforeNewOnesThatArePrepared()
    {
        using var runner = new ModelRunner("test", 16);
        using var gate = new ManualResetEventSlim();
        var running = await OccupyAsync(runner, gate);
        var order = new List<int>();
        var calls = Enumerable.Range(0, 5).Select(i => Recorded(i, None)).ToList();
        calls.Add(Recorded(9, None with { Priority = CallPriority.Continuing }));

        gate.Set();

        _ = await Task.WhenAll(calls).DefaultTimeout();
        // the three slots were taken before it came; it has the first one that is free
        order.IndexOf(9).ShouldBeLessThanOrEqualTo(ModelRunner.InputSlots);
        order.Where(value => value < 9).ShouldBeInOrder();
        _ = await running.DefaultTimeout();

        Task<int> Recorded(int value, CallTerms terms) => runner.RunAsync(
            _ => value, (input, _) =>
            {
                order.Add(input);
                return input;
            }, terms);
    }

    [Fact]
    public async Task WorkThatIsCutShort_TeachesNoShorterTime()
    {
        var time = new ManualTime();
        using var runner = new ModelRunner("test", 4, StallRule.Default, time);
        await TeachAsync(runner, time);
        for (var i = 0; i < 8; i++)
        {
            await Should.ThrowAsync<InvalidInputException>(
                runner.RunAsync<int>(_ => throw new InvalidInputException("a", "b", "c", "d"), None).DefaultTimeout());
        }

        _ = Should.Throw<ResourceExhaustedException>(() => _ = runner.RunAsync(_ => 1, None with { TimeLeft = TimeSpan.FromSeconds(9) }));
    }

    /// <summary>Such calls take ten seconds.</summary>
    private static async Task TeachAsync(ModelRunner runner, ManualTime time)
    {
        for (var i = 0; i < 3; i++)
            _ = await runner.RunAsync(_ => { time.Advance(TimeSpan.FromSeconds(10)); return 0; }, None).DefaultTimeout();
    }

    private static async Task<Task<int>> OccupyAsync(ModelRunner runner, ManualResetEventSlim gate)
    {
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var running = runner.RunAsync(_ => { started.SetResult(); gate.Wait(CancellationToken.None); return 0; }, None);
        await started.Task.DefaultTimeout();
        return running;
    }
}
