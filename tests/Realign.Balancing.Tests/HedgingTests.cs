using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Grpc.Core;
using Grpc.Health.V1;
using Realign.Balancing.Addresses;
using Realign.Balancing.Replicas;
using Realign.Testing;
using Shouldly;
using Xunit;

namespace Realign.Balancing.Tests;

/// <summary>Unary calls that are made at a second replica when they take long. Services move the clock: the usual answer takes ten milliseconds.</summary>
public sealed class HedgingTests
{
    private static readonly TimeSpan _usual = TimeSpan.FromMilliseconds(10);

    /// <summary>After that a replica that lost is what it was before.</summary>
    private static readonly TimeSpan _forgiven = TimeSpan.FromSeconds(6);

    [Fact]
    public async Task LateCall_IsMadeElsewhereToo_AndTheLoserIsCancelled()
    {
        await using var mesh = await TestMesh.StartAsync(2, 10);
        await mesh.WarmUpAsync();

        await mesh.LateCallAsync();

        await mesh.Left.Task.DefaultTimeout();
        mesh.Calls.ShouldBe(TestMesh.WarmUp + 2);
    }

    [Fact]
    public async Task ReplicaThatLost_GetsNoCallsForAWhile()
    {
        await using var mesh = await TestMesh.StartAsync(2, 10);
        await mesh.WarmUpAsync();
        await mesh.LateCallAsync();
        var before = mesh.Loser!.Calls;

        for (var i = 0; i < 4; i++)
            await mesh.CallAsync();
        mesh.Loser.Calls.ShouldBe(before);

        mesh.Time.Advance(_forgiven);
        for (var i = 0; i < 4; i++)
            await mesh.CallAsync();
        mesh.Loser.Calls.ShouldBe(before + 2);
    }

    [Fact]
    public async Task SecondCalls_AreNoMoreThanTheBudget()
    {
        // forty calls earn two
        await using var mesh = await TestMesh.StartAsync(2, 5);
        await mesh.WarmUpAsync();
        for (var i = 0; i < 2; i++)
        {
            await mesh.LateCallAsync();
            mesh.Time.Advance(_forgiven);
        }

        var third = mesh.StallAsync();
        await mesh.Stalled.Task.DefaultTimeout();
        for (var i = 0; i < 20; i++)
        {
            mesh.Time.Advance(_usual);
            await Task.Yield();
        }

        mesh.Release();
        await third.DefaultTimeout();
        mesh.Calls.ShouldBe(TestMesh.WarmUp + 2 + 2 + 1);
    }

    [Fact]
    public async Task SecondCallThatFails_LeavesTheFirst()
    {
        await using var mesh = await TestMesh.StartAsync(2, 10);
        await mesh.WarmUpAsync();
        mesh.Second = _ => throw new RpcException(new Status(StatusCode.Internal, "broken"));

        var call = mesh.StallAsync();
        await mesh.UntilHedgedAsync();
        mesh.Release();

        await call.DefaultTimeout();
        mesh.Left.Task.IsCompleted.ShouldBeFalse();
    }

    [Fact]
    public async Task FirstCallThatFails_LeavesTheSecond()
    {
        await using var mesh = await TestMesh.StartAsync(2, 10);
        await mesh.WarmUpAsync();
        var second = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        mesh.Second = _ => second.Task;

        var call = mesh.StallAsync();
        await mesh.UntilHedgedAsync();
        mesh.Release(new RpcException(new Status(StatusCode.Internal, "broken")));
        second.SetResult();

        await call.DefaultTimeout();
    }

    [Theory]
    [InlineData(2, 0)]
    [InlineData(1, 10)]
    public async Task WithoutABudgetOrASecondReplica_CallsAreMadeOnce(int replicas, double percent)
    {
        await using var mesh = await TestMesh.StartAsync(replicas, percent);
        await mesh.WarmUpAsync();

        var call = mesh.StallAsync();
        await mesh.Stalled.Task.DefaultTimeout();
        mesh.Time.Advance(TimeSpan.FromSeconds(1));
        mesh.Release();

        await call.DefaultTimeout();
        mesh.Calls.ShouldBe(TestMesh.WarmUp + 1);
    }

    // real time, for the figures; what is asserted are counts
    [Fact]
    public async Task OneSlowReplicaOfThree_LosesItsCalls()
    {
        var healthy = await RunAsync(0, slow: false);
        var without = await RunAsync(0, slow: true);
        var hedged = await RunAsync(10, slow: true);

        foreach (var (name, run) in new[] { ("healthy", healthy), ("one slow", without), ("one slow, hedged", hedged) })
        {
            TestContext.Current.TestOutputHelper?.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{name}: p50 {run.P50:0.0} ms, p99 {run.P99:0.0} ms, max {run.Max:0.0} ms, {run.Extra} second calls, {run.Slow} waited for the slow one"));
        }

        hedged.Extra.ShouldBeInRange(1, Run.Calls / 10);
        without.Extra.ShouldBe(0);
        hedged.Slow.ShouldBeLessThan(without.Slow);
    }

    private static async Task<Run> RunAsync(double percent, bool slow)
    {
        var replicas = new List<StubReplica>();
        var slowAnswers = 0;
        for (var i = 0; i < 3; i++)
        {
            var isSlow = slow && i == 0;
            var replica = await StubReplica.StartAsync();
            replica.OnCall = async context =>
            {
                var isWarm = replica.Calls > Run.Calls / 20;
                await Task.Delay(isSlow && isWarm ? Run.SlowTime : Run.Time, context.CancellationToken);
                if (isSlow && isWarm)
                    _ = Interlocked.Increment(ref slowAnswers);
            };
            replicas.Add(replica);
        }

        _ = ServiceAddress.Read(string.Join(',', replicas.Select(replica => replica.Address)), out var address);
        using var set = new ReplicaSet(address!, TestMesh.Options(percent), TimeProvider.System);
        var times = new ConcurrentBag<double>();
        await Task.WhenAll(Enumerable.Range(0, 3).Select(async _ =>
        {
            for (var i = 0; i < Run.Calls / 3; i++)
            {
                var start = Stopwatch.GetTimestamp();
                await TestMesh.CallAsync(set);
                times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            }
        }));
        var sorted = times.Order().ToList();
        var run = new Run(sorted[sorted.Count / 2], sorted[(sorted.Count * 99 / 100) - 1], sorted[^1], replicas.Sum(replica => replica.Calls) - Run.Calls, slowAnswers);
        foreach (var replica in replicas)
            await replica.DisposeAsync();
        return run;
    }

    private sealed record Run(double P50, double P99, double Max, int Extra, int Slow)
    {
        public const int Calls = 600;
        public const int Time = 5;
        public const int SlowTime = 100;
    }

    private sealed class TestMesh : IAsyncDisposable
    {
        public const int WarmUp = 40;

        private readonly List<StubReplica> _replicas = [];
        private ReplicaSet _set = null!;
        private TaskCompletionSource _release = New();
        private int _stalls;
        private int _expected;

        public ManualTime Time { get; } = new();

        /// <summary>Completes when the call that is to stall has arrived.</summary>
        public TaskCompletionSource Stalled { get; private set; } = New();

        /// <summary>Completes when its caller has left.</summary>
        public TaskCompletionSource Left { get; private set; } = New();

        /// <summary>Where it stalled.</summary>
        public StubReplica? Loser { get; private set; }

        /// <summary>What the replica does that it is made at besides.</summary>
        public Func<ServerCallContext, Task> Second { get; set; } = _ => Task.CompletedTask;

        public int Calls => _replicas.Sum(replica => replica.Calls);

        public static BalancingOptions Options(double percent) => new()
        {
            MaxMessageBytes = 1 << 20,
            HedgeBudgetPercent = percent,
            Retries = 0,
            HealthTimeout = TimeSpan.FromSeconds(20),
            SilentAfter = TimeSpan.FromHours(1),
        };

        public static async Task<TestMesh> StartAsync(int count, double percent)
        {
            var mesh = new TestMesh();
            for (var i = 0; i < count; i++)
            {
                var replica = await StubReplica.StartAsync();
                replica.OnCall = context => mesh.OnCallAsync(replica, context);
                mesh._replicas.Add(replica);
            }

            _ = ServiceAddress.Read(string.Join(',', mesh._replicas.Select(replica => replica.Address)), out var address);
            mesh._set = new ReplicaSet(address!, Options(percent), mesh.Time);
            return mesh;
        }

        public static async Task CallAsync(ReplicaSet set) =>
            _ = await new Health.HealthClient(set.Invoker).CheckAsync(new HealthCheckRequest { Service = "call" }).ResponseAsync.DefaultTimeout();

        public Task CallAsync() => CallAsync(_set);

        public async Task WarmUpAsync()
        {
            for (var i = 0; i < WarmUp; i++)
                await CallAsync();
        }

        /// <summary>A call that stalls where it is made first.</summary>
        public Task StallAsync()
        {
            (Stalled, Left, _release) = (New(), New(), New());
            _expected = Calls + 2;
            Volatile.Write(ref _stalls, 1);
            return CallAsync();
        }

        /// <summary>Moves the clock until the call that stalls is made a second time.</summary>
        public async Task UntilHedgedAsync()
        {
            await Stalled.Task.DefaultTimeout();
            var patience = Stopwatch.StartNew();
            // the timer may not be set yet
            while (Calls < _expected)
            {
                patience.Elapsed.ShouldBeLessThan(TimeSpan.FromMinutes(1));
                Time.Advance(TimeSpan.FromMilliseconds(1));
                await Task.Yield();
            }
        }

        public async Task LateCallAsync()
        {
            var call = StallAsync();
            await UntilHedgedAsync();
            await call.DefaultTimeout();
            await Left.Task.DefaultTimeout();
        }

        /// <summary>Ends the call that stalls.</summary>
        public void Release(Exception? failure = null)
        {
            if (failure is null)
                _release.SetResult();
            else
                _release.SetException(failure);
        }

        public async ValueTask DisposeAsync()
        {
            _set.Dispose();
            foreach (var replica in _replicas)
                await replica.DisposeAsync();
        }

        private async Task OnCallAsync(StubReplica replica, ServerCallContext context)
        {
            if (Interlocked.Exchange(ref _stalls, 0) == 1)
            {
                Loser = replica;
                Stalled.SetResult();
                var left = Left;
                await using (context.CancellationToken.UnsafeRegister(_ => left.TrySetResult(), null))
                    await await Task.WhenAny(_release.Task, left.Task);
                return;
            }

            if (Calls > WarmUp)
                await Second(context);
            // as soon as a percentile is known, a clock that moves would make a second call due
            if (Calls <= WarmUp - 2)
                Time.Advance(_usual);
        }

        private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
