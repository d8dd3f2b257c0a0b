using System.Collections.Concurrent;
using Grpc.Core;
using Realign.Cli.Benching;
using Realign.Core.Calls;
using Realign.Testing;
using Realign.V1;
using Shouldly;
using Xunit;

namespace Realign.Cli.Tests.Benching;

/// <summary>
/// Loads on a real service. Where times are asserted they are exact: the service itself moves the clock that its calls are measured with.
/// </summary>
public sealed class LoadMeasurementTests
{
    private static readonly BenchSettings _settings = new(TimeSpan.FromSeconds(60), TimeSpan.Zero, TimeSpan.FromSeconds(1), 10);

    [Fact]
    public async Task ClosedLoop_MeasuresWhatTheServiceTook()
    {
        var time = new ManualTime();
        var calls = 0;
        await using var service = await BenchedService.StartAsync(_ =>
        {
            // 10, 20, ... 100 ms and again
            time.Advance(TimeSpan.FromMilliseconds(10 * (1 + (calls++ % 10))));
            return Task.CompletedTask;
        });

        var point = await Measurement(service, time).RunAsync(new ClosedLoop(1, TenantShares.None), [], _ => { }, CancellationToken.None).DefaultTimeout();

        var latency = point.Figures.Latency!;
        (latency.P50, latency.P90, latency.P99, latency.Max).ShouldBe((50, 90, 100, 100));
        // 55 ms each
        point.Figures.Goodput.ShouldBe(1 / 0.055, 2);
        point.Figures.Codes.Keys.ShouldBe([StatusCode.OK]);
        (point.Kind, point.Level).ShouldBe(("concurrency", 1));
    }

    [Fact]
    public async Task ClosedLoop_HasSoManyCallsAtOnce()
    {
        var (running, most) = (0, 0);
        var all = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var service = await BenchedService.StartAsync(async context =>
        {
            var now = Interlocked.Increment(ref running);
            InterlockedMax(ref most, now);
            if (now == 7)
                all.TrySetResult();
            await all.Task.DefaultTimeout();
            _ = Interlocked.Decrement(ref running);
        });

        var settings = _settings with { Window = TimeSpan.FromMilliseconds(50) };
        var point = await new LoadMeasurement(Call, service.Channel.CreateCallInvoker(), settings, TimeProvider.System)
            .RunAsync(new ClosedLoop(7, TenantShares.None), [], _ => { }, CancellationToken.None).DefaultTimeout();

        most.ShouldBe(7);
        point.Figures.Ok.ShouldBeGreaterThan(0);
    }

    // ten calls arrive in 0.9 s at the earliest, and the first one is answered when the last one is there
    [Fact]
    public async Task OpenLoop_CountsTheWaitWhileTheServiceStands()
    {
        const int Count = 10;
        var arrived = 0;
        var awake = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var service = await BenchedService.StartAsync(_ =>
        {
            if (Interlocked.Increment(ref arrived) == Count)
                awake.SetResult();
            return awake.Task;
        });
        using var stop = new CancellationTokenSource();
        var clock = new BenchClock(TimeProvider.System);
        var waited = new ConcurrentDictionary<TimeSpan, TimeSpan>();

        await new OpenLoop(10, false, TenantShares.None).RunAsync(
            async (due, _) =>
            {
                if (due >= TimeSpan.FromSeconds(Count / 10.0))
                    return;
                (await Call.RunAsync(service.Channel.CreateCallInvoker(), default, () => { })).ShouldBe(StatusCode.OK);
                waited[due] = clock.Now - due;
                if (waited.Count == Count)
                    await stop.CancelAsync();
            }, clock, stop.Token).DefaultTimeout();

        waited.Count.ShouldBe(Count);
        foreach (var (due, wait) in waited)
            wait.ShouldBeGreaterThanOrEqualTo(TimeSpan.FromSeconds(0.9) - due);
    }

    [Fact]
    public async Task OpenLoop_WhoseSenderStood_OmitsNoCall()
    {
        var time = new ManualTime();
        using var stop = new CancellationTokenSource();
        var due = new List<double>();

        await new OpenLoop(10, false, TenantShares.None).RunAsync(
            (at, _) =>
            {
                due.Add(Math.Round(at.TotalSeconds, 3));
                if (due.Count == 1)
                    time.Advance(TimeSpan.FromSeconds(1));
                if (due.Count == 10)
                    stop.Cancel();
                return Task.CompletedTask;
            }, new BenchClock(time), stop.Token).DefaultTimeout();

        due.ShouldBe([0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]);
    }

    [Fact]
    public void RandomArrivals_AreAsManyAndTheSameInEveryRun()
    {
        List<TimeSpan> Arrivals() => [.. new OpenLoop(50, true, TenantShares.None).Arrivals().Take(5000)];

        var all = Arrivals();

        all.ShouldBe(Arrivals());
        all.ShouldBeInOrder();
        all[^1].TotalSeconds.ShouldBe(100, 5);
        // of even pauses none would be that short
        all.Zip(all.Skip(1)).Count(pair => (pair.Second - pair.First).TotalMilliseconds < 2).ShouldBeInRange(400, 560);
    }

    [Fact]
    public async Task Refusals_AreCountedByCode_AndTheLoadIsLeft()
    {
        var time = new ManualTime();
        await using var service = await BenchedService.StartAsync(_ =>
        {
            time.Advance(TimeSpan.FromMilliseconds(50));
            throw new RpcException(new Status(StatusCode.ResourceExhausted, "full"));
        });

        var point = await Measurement(service, time).RunAsync(new ClosedLoop(1, TenantShares.None), [], _ => { }, CancellationToken.None).DefaultTimeout();

        point.Windows.Count.ShouldBe(StabilityRule.Windows);
        point.Figures.Codes.Keys.ShouldBe([StatusCode.ResourceExhausted]);
        point.Figures.Refusal!.P99.ShouldBe(50);
        point.Figures.Latency.ShouldBeNull();
    }

    [Fact]
    public async Task Tenants_HaveTheirShareAndFiguresOfTheirOwn()
    {
        var time = new ManualTime();
        var seen = new ConcurrentDictionary<string, int>();
        await using var service = await BenchedService.StartAsync(context =>
        {
            var tenant = context.RequestHeaders.GetValue(CallMetadata.Tenant) ?? "";
            _ = seen.AddOrUpdate(tenant, 1, (_, count) => count + 1);
            time.Advance(TimeSpan.FromMilliseconds(5));
            return tenant == "small" ? throw new RpcException(new Status(StatusCode.ResourceExhausted, "full")) : Task.CompletedTask;
        });
        var tenants = TenantShares.Read("large:3,small:1")!;

        var point = await Measurement(service, time).RunAsync(new ClosedLoop(4, tenants), tenants.Names, _ => { }, CancellationToken.None).DefaultTimeout();

        seen.Keys.ShouldBe(["large", "small"], ignoreOrder: true);
        point.Tenants.Select(tenant => tenant.Name).ShouldBe(["large", "small"]);
        point.Tenants[0].Figures.Codes.Keys.ShouldBe([StatusCode.OK]);
        point.Tenants[1].Figures.Codes.Keys.ShouldBe([StatusCode.ResourceExhausted]);
        point.Tenants.Sum(tenant => tenant.Figures.Ended).ShouldBe(point.Figures.Ended);
    }

    [Fact]
    public async Task Overload_IsAMultipleOfTheBestGoodput()
    {
        await using var service = await BenchedService.StartAsync(_ => Task.CompletedTask);
        var settings = _settings with { Window = TimeSpan.FromMilliseconds(50), MostWindows = 3 };
        var result = new BenchResult("TaggerService/Tag", service.Address, settings);
        var runner = new BenchRunner(new LoadMeasurement(Call, service.Channel.CreateCallInvoker(), settings, TimeProvider.System), TenantShares.None, false, _ => { });

        await runner.ClosedAsync(result, [1, 2], CancellationToken.None).DefaultTimeout();
        var peak = result.Peak;
        await runner.OverloadAsync(result, [0.1, 0.2], CancellationToken.None).DefaultTimeout();

        peak.ShouldBe(result.Points.Take(2).Max(point => point.Figures.Goodput));
        result.Points.Skip(2).Select(point => (point.Kind, point.Level, point.Multiple)).ShouldBe([("rate", 0.1 * peak, 0.1), ("rate", 0.2 * peak, 0.2)]);
        result.OfPeak(result.Points[2]).ShouldBe(result.Points[2].Figures.Goodput / peak);
    }

    private static BenchCall Call { get; } = new(TaggerReflection.Descriptor.Services[0].Methods[0], new TagRequest());

    private static LoadMeasurement Measurement(TestService service, TimeProvider time) => new(Call, service.Channel.CreateCallInvoker(), _settings, time);

    private static void InterlockedMax(ref int target, int value)
    {
        int seen;
        while ((seen = Volatile.Read(ref target)) < value && Interlocked.CompareExchange(ref target, value, seen) != seen)
        {
        }
    }
}
