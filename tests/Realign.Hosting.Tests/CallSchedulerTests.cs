using Realign.Hosting.Scheduling;
using Realign.Hosting.Tests.Simulated;
using Shouldly;
using Xunit;
using static Realign.Hosting.Tests.Simulated.SimulatedModel;

namespace Realign.Hosting.Tests;

/// <summary>Which calls a model takes, and in which order. Calls take as many seconds as their size unless they say otherwise.</summary>
public sealed class CallSchedulerTests
{
    [Fact]
    public void Admit_WaitAndWorkExceedTheTimeLeft_IsRefusedUntilExactlyThen()
    {
        var model = new SimulatedModel(16).Teach();
        _ = model.Arrive(Terms(size: 8));
        _ = model.Arrive(Terms(size: 4));
        model.Advance(2);

        // 6 s of the running call are left, 4 s wait, 1 s of its own
        model.Arrive(Terms(left: 11.001)).Refused.ShouldBeNull();
        var refused = model.Arrive(Terms(left: 9)).Refused!.Value.Why;

        refused.Reason.ShouldBe(RefusalReason.TooLate);
        refused.RetryAfter.TotalSeconds.ShouldBe(3, 0.001);
        refused.Wait.TotalSeconds.ShouldBe(11, 0.001);
        refused.Work.TotalSeconds.ShouldBe(1, 0.001);
    }

    [Fact]
    public void Admit_RunningCallAlone_CountsForTheRetry()
    {
        var model = new SimulatedModel(16).Teach();
        _ = model.Arrive(Terms(size: 8));

        var refused = model.Arrive(Terms(left: 1)).Refused!.Value.Why;

        refused.RetryAfter.TotalSeconds.ShouldBe(8, 0.001);
    }

    [Fact]
    public void Admit_RunningCallTakesLongerThanExpected_AnEighthOfItsTimeIsAdded()
    {
        var model = new SimulatedModel(16).Teach();
        _ = model.Arrive(Terms(), seconds: 100);
        model.Advance(80);

        var refused = model.Arrive(Terms(left: 2)).Refused!.Value.Why;

        refused.Wait.TotalSeconds.ShouldBe(10, 0.001);
    }

    [Fact]
    public void Admit_NothingMeasured_RefusesNobody()
    {
        var model = new SimulatedModel(16);
        _ = model.Arrive(Terms(), seconds: 100);
        model.Advance(50);

        model.Arrive(Terms(left: 0.001)).Refused.ShouldBeNull();
    }

    [Fact]
    public void Admit_WorkAloneIsTooLong_SaysSo_AndOneNowAndThenTriesIt()
    {
        var model = new SimulatedModel(16).Teach();

        model.Arrive(Terms(left: 5, size: 20)).Refused!.Value.Why.Reason.ShouldBe(RefusalReason.TooLong);
        model.Advance(31);
        var trial = model.Arrive(Terms(left: 5, size: 20), seconds: 2);
        var next = model.Arrive(Terms(left: 9, size: 20));
        model.Advance(10);

        trial.EndedAt.ShouldNotBeNull();
        next.Refused!.Value.Why.Reason.ShouldBe(RefusalReason.TooLong);
        // what the trial showed counts: a tenth of the time
        model.Arrive(Terms(left: 19, size: 20)).Refused.ShouldBeNull();
    }

    [Fact]
    public void Waiting_CannotEndInTimeAnyMore_IsDroppedThen()
    {
        var model = new SimulatedModel(16).Teach();
        _ = model.Arrive(Terms(), seconds: 90);

        var waiting = model.Arrive(Terms(left: 10));
        model.Advance(20);

        waiting.EndedAt.ShouldBeNull();
        var (why, at) = waiting.Refused!.Value;
        why.Reason.ShouldBe(RefusalReason.TooLate);
        (at - waiting.ArrivedAt).TotalSeconds.ShouldBe(9, 0.0011);
        why.RetryAfter.ShouldBeGreaterThan(TimeSpan.FromSeconds(1));
    }

    [Fact]
    public void Order_TenantThatComesLater_GoesNext()
    {
        var model = new SimulatedModel(16).Teach();
        for (var i = 0; i < 10; i++)
            _ = model.Arrive(Terms("large"));
        model.Advance(2.5);

        var small = model.Arrive(Terms("small"));
        model.Advance(20);

        (small.EndedAt!.Value - small.ArrivedAt).TotalSeconds.ShouldBe(1.5, 0.001);
        model.Started.Select(call => call.Terms.Tenant).ShouldBe(["large", "large", "large", "small", .. Enumerable.Repeat("large", 7)]);
    }

    [Fact]
    public void Order_TenantWithOneLongCallAtATime_HasNoMoreThanItsHalf()
    {
        var model = new SimulatedModel(64).Teach();
        for (var i = 0; i < 60; i++)
            _ = model.Arrive(Terms("short"));
        var longCall = model.Arrive(Terms("long", size: 10));

        for (var i = 0; i < 30; i++)
        {
            model.Advance(1);
            if (longCall.EndedAt is not null)
                longCall = model.Arrive(Terms("long", size: 10));
        }

        model.Started.Where(call => call.Terms.Tenant == "long").Sum(call => call.Terms.Size).ShouldBeInRange(10, 20);
    }

    [Fact]
    public void Order_ContinuingCall_GoesBeforeNewOnesOfItsOwnAndOfOtherTenants()
    {
        var model = new SimulatedModel(16).Teach();
        foreach (var tenant in new[] { "a", "b", "a", "b", "a", "b" })
            _ = model.Arrive(Terms(tenant));

        var continuing = model.Arrive(Terms("a", priority: CallPriority.Continuing));

        model.Scheduler.Order().First().ShouldBe(continuing);
    }

    [Fact]
    public void Order_TenantThatOnlyContinues_DoesNotShutOthersOut()
    {
        var model = new SimulatedModel(64).Teach();
        for (var i = 0; i < 30; i++)
            _ = model.Arrive(Terms("a", priority: CallPriority.Continuing));
        for (var i = 0; i < 10; i++)
            _ = model.Arrive(Terms("b"));

        model.Advance(15);

        model.Started.Count(call => call.Terms.Tenant == "b").ShouldBeGreaterThanOrEqualTo(5);
    }

    [Fact]
    public void FullQueue_TenantWithFewerPlaces_TakesTheNewestOneOfTheOther()
    {
        var model = new SimulatedModel(4).Teach();
        var large = Enumerable.Range(0, 5).Select(_ => model.Arrive(Terms("large"))).ToList();

        model.Arrive(Terms("large")).Refused!.Value.Why.Reason.ShouldBe(RefusalReason.QueueFull);
        var first = model.Arrive(Terms("small"));
        var second = model.Arrive(Terms("small"));
        var third = model.Arrive(Terms("small"));
        model.Advance(20);

        large.Select(call => call.Refused?.Why.Reason).ShouldBe([null, null, null, RefusalReason.PlaceTaken, RefusalReason.PlaceTaken]);
        new[] { first, second }.ShouldAllBe(call => call.EndedAt != null);
        third.Refused!.Value.Why.Reason.ShouldBe(RefusalReason.QueueFull);
    }

    [Fact]
    public void FullQueue_ContinuingCall_TakesThePlaceOfANewOne_AndNobodyTakesIts()
    {
        var model = new SimulatedModel(2).Teach();
        _ = model.Arrive(Terms());
        var waiting = new[] { model.Arrive(Terms()), model.Arrive(Terms()) };

        var continuing = new[] { model.Arrive(Terms(priority: CallPriority.Continuing)), model.Arrive(Terms(priority: CallPriority.Continuing)) };
        var late = model.Arrive(Terms(priority: CallPriority.Continuing));
        var other = model.Arrive(Terms("other"));

        waiting.ShouldAllBe(call => call.Refused!.Value.Why.Reason == RefusalReason.PlaceTaken);
        continuing.ShouldAllBe(call => call.Refused == null);
        new[] { late, other }.ShouldAllBe(call => call.Refused!.Value.Why.Reason == RefusalReason.QueueFull);
    }

    [Fact]
    public void FullQueue_RetryCountsTheRunningCallAndHalfOfWhatWaits()
    {
        var model = new SimulatedModel(2).Teach();
        _ = model.Arrive(Terms(size: 8));
        _ = model.Arrive(Terms(size: 3));
        _ = model.Arrive(Terms(size: 1));
        model.Advance(2);

        model.Arrive(Terms()).Refused!.Value.Why.RetryAfter.TotalSeconds.ShouldBe(8, 0.001);
    }

    [Fact]
    public void Companions_AreThoseOfTheBatch_InOrder_AsManyAsFit()
    {
        var model = new SimulatedModel(16).Teach();
        _ = model.Arrive(Terms(size: 10));
        var calls = Enumerable.Range(0, 6).Select(i => model.Arrive(Terms($"{i % 2}") with { Batch = new CallBatch("key", CallBatch.Full / 4) })).ToList();
        var other = model.Arrive(Terms("0") with { Batch = new CallBatch("other", 1) });

        model.Advance(10);

        var running = model.Started[^1];
        running.Joined.Prepend(running).ShouldBe(calls[..4]);
        model.Scheduler.Depth.ShouldBe(7);
        // four of a second each take two together
        model.Advance(2);
        calls.Select(call => call.EndedAt is not null).ShouldBe([true, true, true, true, false, false]);
        model.Advance(10);
        other.EndedAt.ShouldNotBeNull();
        calls[4].EndedAt.ShouldBe(calls[5].EndedAt);
    }

    [Fact]
    public void Companions_NeverMakeAnyoneLate()
    {
        var batch = new CallBatch("key", 1);
        var model = new SimulatedModel(16).Teach();
        _ = model.Arrive(Terms(size: 10));
        var first = model.Arrive(Terms("a", left: 12.5) with { Batch = batch });
        var passedOver = model.Arrive(Terms("b", left: 13.5));
        var second = model.Arrive(Terms("a") with { Batch = batch });
        var third = model.Arrive(Terms("a") with { Batch = batch });

        model.Advance(10);

        // two of them would end at 12 and three at 13 if a pass took as long as its calls: the first one is due at 12.5, the next tenant's must begin by 12.5
        model.Started[^1].ShouldBe(first);
        first.Joined.ShouldBe([second]);
        model.Advance(10);
        passedOver.Refused.ShouldBeNull();
        third.EndedAt.ShouldNotBeNull();
    }

    [Fact]
    public void Companions_AreChargedToTheirOwnTenants()
    {
        var batch = new CallBatch("key", 1);
        var model = new SimulatedModel(16).Teach();
        _ = model.Arrive(Terms("a", size: 10));
        _ = model.Arrive(Terms("b", size: 2) with { Batch = batch });
        _ = model.Arrive(Terms("c", size: 2) with { Batch = batch });
        var late = model.Arrive(Terms("c"));
        var early = model.Arrive(Terms("d"));

        model.Advance(12);

        // the pass of both took two seconds: c had one of them
        early.EndedAt.ShouldBeNull();
        model.Started[^1].ShouldBe(early);
        model.Advance(1);
        model.Started[^1].ShouldBe(late);
    }
}
