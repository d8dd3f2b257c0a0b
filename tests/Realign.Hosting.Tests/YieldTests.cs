using Realign.Hosting.Models;
using Realign.Hosting.Scheduling;
using Realign.Hosting.Tests.Simulated;
using Realign.Testing;
using Shouldly;
using Xunit;
using static Realign.Hosting.Tests.Simulated.SimulatedModel;

namespace Realign.Hosting.Tests;

/// <summary>Calls that go before a long one between its steps.</summary>
public sealed class YieldTests
{
    private static readonly CallTerms None = new(CancellationToken.None);

    [Fact]
    public void ShortCall_GoesBeforeTheRestOfALongOne()
    {
        var model = new SimulatedModel(16).Teach();
        var large = model.Arrive(Terms(size: 100) with { Yields = true });
        model.Advance(10);

        var small = model.Arrive(Terms(left: 2));
        model.Advance(200);

        (small.EndedAt!.Value - small.ArrivedAt).TotalSeconds.ShouldBe(1, 0.03);
        (large.EndedAt!.Value - large.ArrivedAt).TotalSeconds.ShouldBe(101, 0.03);
    }

    [Fact]
    public void LongCallThatDoesNotYield_IsWaitedFor()
    {
        var model = new SimulatedModel(16).Teach();
        _ = model.Arrive(Terms(size: 100));
        model.Advance(10);

        model.Arrive(Terms(left: 50)).Refused!.Value.Why.Reason.ShouldBe(RefusalReason.TooLate);
    }

    [Theory]
    [InlineData(CallPriority.Continuing, null, 0.2)]
    [InlineData(CallPriority.Normal, 30.0, 0.2)]
    [InlineData(CallPriority.Normal, null, 29.1)]
    public void CallOfTheSameLength_GoesBeforeOnlyIfItContinuesOrIsDueEarlier(CallPriority priority, double? left, double begins)
    {
        var model = new SimulatedModel(16).Teach();
        _ = model.Arrive(Terms(size: 10) with { Yields = true });
        model.Advance(0.1);

        var call = model.Arrive(Terms(left: left, size: 10, priority: priority));
        model.Advance(100);

        (call.StartedAt - call.ArrivedAt).TotalSeconds.ShouldBeLessThan(begins);
        if (begins > 1)
            (call.StartedAt - call.ArrivedAt).TotalSeconds.ShouldBeGreaterThan(9.8);
    }

    [Fact]
    public void CallThatMustEnd_LetsNobodyGoBeforeItWhenThereIsNoTime()
    {
        var model = new SimulatedModel(16).Teach();
        var large = model.Arrive(Terms(left: 10.5, size: 10) with { Yields = true });
        model.Advance(1);

        var small = model.Arrive(Terms());
        model.Advance(20);

        large.EndedAt!.Value.ShouldBeLessThanOrEqualTo(large.ArrivedAt + TimeSpan.FromSeconds(10.5));
        small.StartedAt.ShouldBeGreaterThanOrEqualTo(large.EndedAt.Value);
    }

    [Fact]
    public void LongCall_HasHalfOfTheTime_HoweverManyShortOnesCome()
    {
        for (var seed = 0; seed < 100; seed++)
        {
            var random = new Random(seed);
            var model = new SimulatedModel(16).Teach();
            var large = model.Arrive(Terms("large", size: 50) with { Yields = true });
            var calls = new List<SimulatedCall>();
            while (large.EndedAt is null)
            {
                model.Advance(0.3);
                if (model.Scheduler.Length < 4 && large.EndedAt is null)
                    calls.Add(model.Arrive(Terms(size: 0.5 + random.NextDouble())));
            }

            (large.EndedAt.Value - large.ArrivedAt).TotalSeconds.ShouldBeInRange(50, 50 + 50 + 2, $"seed {seed}");
            calls.Count(call => call.EndedAt is not null).ShouldBeGreaterThan(20, $"seed {seed}");
        }
    }

    [Fact]
    public void Learn_TheTimeThatACallStoodStill_IsNotItsOwn()
    {
        var model = new SimulatedModel(16).Teach();
        var large = model.Arrive(Terms(size: 100) with { Yields = true });
        for (var i = 0; i < 20; i++)
        {
            model.Advance(4);
            _ = model.Arrive(Terms());
        }

        model.Advance(200);

        large.EndedAt.ShouldNotBeNull();
        model.Scheduler.ExpectedOf(large).TotalSeconds.ShouldBe(100, 0.01);
    }

    [Fact]
    public async Task Yield_RunsTheOtherOnTheSameThread_AndBothAreAnswered()
    {
        var time = new ManualTime();
        using var runner = new ModelRunner("test", 4, StallRule.Default, time);
        await TeachAsync(runner, time);
        using var gate = new ManualResetEventSlim();
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var order = new List<string>();
        var large = runner.RunAsync(_ =>
        {
            started.SetResult();
            gate.Wait(CancellationToken.None);
            runner.Yield();
            order.Add("large");
            return Environment.CurrentManagedThreadId;
        }, None with { Size = 100, Yields = true });
        await started.Task.DefaultTimeout();
        var small = runner.RunAsync(_ =>
        {
            order.Add("small");
            return Environment.CurrentManagedThreadId;
        }, None);

        gate.Set();

        (await small.DefaultTimeout()).ShouldBe(await large.DefaultTimeout());
        order.ShouldBe(["small", "large"]);
    }

    [Fact]
    public async Task Yield_OtherFailsUnexpectedly_TheModelIsCheckedWhenTheLongOneHasEnded()
    {
        var time = new ManualTime();
        var order = new List<string>();
        using var runner = new ModelRunner("test", 4, StallRule.Default, time, new ModelLife(_ => { }, _ => order.Add("check"), () => { }), null);
        await TeachAsync(runner, time);
        using var gate = new ManualResetEventSlim();
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var large = runner.RunAsync(_ =>
        {
            started.SetResult();
            gate.Wait(CancellationToken.None);
            runner.Yield();
            order.Add("large");
            return 0;
        }, None with { Size = 100, Yields = true });
        await started.Task.DefaultTimeout();
        var small = runner.RunAsync<int>(_ => throw new InvalidOperationException("broken"), None);

        gate.Set();

        await Should.ThrowAsync<InvalidOperationException>(small.DefaultTimeout());
        _ = await large.DefaultTimeout();
        _ = await runner.RunAsync(_ => 0, None).DefaultTimeout();
        order.ShouldBe(["large", "check"]);
    }

    [Fact]
    public void Yield_FromAnotherThread_IsRefused()
    {
        using var runner = new ModelRunner("test", 4);

        Should.Throw<InvalidOperationException>(runner.Yield).Message.ShouldContain("on its thread");
    }

    /// <summary>Calls take ten seconds for each unit of their size.</summary>
    private static async Task TeachAsync(ModelRunner runner, ManualTime time)
    {
        for (var i = 0; i < 3; i++)
            _ = await runner.RunAsync(_ => { time.Advance(TimeSpan.FromSeconds(10)); return 0; }, None).DefaultTimeout();
    }
}
