using System.Net;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;
using Grpc.Health.V1;
using Realign.Balancing.Addresses;
using Realign.Balancing.Calls;
using Realign.Balancing.Replicas;
using Realign.Core.Errors;
using Realign.Testing;
using Shouldly;
using Xunit;
using Status = Google.Rpc.Status;

namespace Realign.Balancing.Tests;

/// <summary>Calls at real replicas on loopback ports.</summary>
public sealed class BalancedCallTests
{
    private static readonly BalancingOptions _options = new()
    {
        MaxMessageBytes = 1 << 20,
        RetryDelay = TimeSpan.FromMilliseconds(1),
        HealthInterval = TimeSpan.FromMilliseconds(20),
        // a busy machine is not silent
        HealthTimeout = TimeSpan.FromSeconds(20),
        SilentAfter = TimeSpan.FromSeconds(40),
    };

    private static readonly BalancingOptions _impatient = _options with
    {
        HealthTimeout = TimeSpan.FromMilliseconds(500),
        SilentAfter = TimeSpan.FromSeconds(2),
    };

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Calls_OneAfterTheOther_AreSpreadEvenly(int count)
    {
        await using var replicas = await StubReplicas.StartAsync(count);
        using var set = Set(replicas.Addresses);

        for (var i = 0; i < 10 * count; i++)
            await CallAsync(set);

        replicas.All.ShouldAllBe(replica => replica.Calls == 10);
    }

    [Fact]
    public async Task BusyReplica_GetsNoMore()
    {
        await using var replicas = await StubReplicas.StartAsync(2);
        using var set = Set(replicas.Addresses);
        var (busy, free) = (new TaskCompletionSource(), new TaskCompletionSource<int>());
        for (var i = 0; i < 2; i++)
        {
            var number = i;
            replicas.All[i].OnCall = _ => free.TrySetResult(1 - number) ? busy.Task : Task.CompletedTask;
        }

        var slow = CallAsync(set);
        var other = await free.Task.DefaultTimeout();
        for (var i = 0; i < 5; i++)
            await CallAsync(set);

        replicas.All[other].Calls.ShouldBe(5);
        busy.SetResult();
        await slow;
    }

    [Fact]
    public async Task ReplicaThatReportsAQueue_GetsNoMore()
    {
        await using var replicas = await StubReplicas.StartAsync(2);
        using var set = Set(replicas.Addresses);
        (replicas.All[0].Depth, replicas.All[1].Depth) = (7, 0);

        for (var i = 0; i < 10; i++)
            await CallAsync(set);

        replicas.All[0].Calls.ShouldBe(1);
    }

    [Theory]
    [InlineData(Code.Unavailable)]
    [InlineData(Code.ResourceExhausted)]
    public async Task ReplicaWithoutRoom_IsFollowedByTheOther(Code code)
    {
        await using var replicas = await StubReplicas.StartAsync(2);
        using var set = Set(replicas.Addresses);
        replicas.All[0].OnCall = _ => throw Failure(code, TimeSpan.FromHours(1));

        for (var i = 0; i < 4; i++)
            await CallAsync(set);

        replicas.All[1].Calls.ShouldBe(4);
    }

    [Fact]
    public async Task OtherFailures_AreTheAnswer()
    {
        await using var replicas = await StubReplicas.StartAsync(2);
        using var set = Set(replicas.Addresses);
        foreach (var replica in replicas.All)
            replica.OnCall = _ => throw new RpcException(new Grpc.Core.Status(StatusCode.Internal, "broken"));

        var failure = await Should.ThrowAsync<ReplicaException>(CallAsync(set));

        (failure.StatusCode, failure.Problem).ShouldBe((StatusCode.Internal, PeerProblem.None));
        replicas.All.Sum(replica => replica.Calls).ShouldBe(1);
    }

    [Fact]
    public async Task StalledModel_IsNotWaitedFor()
    {
        await using var replicas = await StubReplicas.StartAsync(1);
        using var set = Set(replicas.Addresses);
        replicas.All[0].OnCall = _ => throw Failure(Code.Unavailable, null, UnavailableException.ModelStalled);

        _ = await Should.ThrowAsync<ReplicaException>(CallAsync(set));

        replicas.All[0].Calls.ShouldBe(1 + _options.Retries);
    }

    [Fact]
    public async Task ReplicaThatRestarts_IsWaitedFor()
    {
        var first = await StubReplica.StartAsync();
        var port = first.Address.Port;
        using var set = Set([first.Address]);
        await CallAsync(set);
        await first.DisposeAsync();

        var waiting = CallAsync(set);
        await StateAsync(set, ReplicaState.Unreachable);
        await using var second = await StubReplica.StartAsync(port);

        await waiting;
        second.Calls.ShouldBe(1);
    }

    [Fact]
    public async Task ReplicaThatWasNeverThere_IsNotWaitedFor()
    {
        var gone = await StubReplica.StartAsync();
        var address = gone.Address;
        await gone.DisposeAsync();
        using var set = Set([address]);

        var failure = await Should.ThrowAsync<ReplicaException>(CallAsync(set));

        (failure.StatusCode, failure.Problem).ShouldBe((StatusCode.Unavailable, PeerProblem.Unreachable));
        failure.Replica!.Address.ShouldBe(address.GetLeftPart(UriPartial.Authority));
    }

    [Fact]
    public async Task CallAtAReplicaThatBecomesSilent_IsAnsweredByTheOther()
    {
        using var silent = new SilentPeer();
        await using var replica = await StubReplica.StartAsync();
        using var set = Set([silent.Address, replica.Address], _impatient);

        // the first one is chosen first, before anything is known
        await CallAsync(set);

        replica.Calls.ShouldBe(1);
        set.Replicas[0].State.ShouldBe(ReplicaState.Silent);
        set.IsSilent.ShouldBeFalse();
    }

    [Fact]
    public async Task OnlyReplicaIsSilent_CallsFailAtOnce()
    {
        using var silent = new SilentPeer();
        using var set = Set([silent.Address], _impatient);

        var first = await Should.ThrowAsync<ReplicaException>(CallAsync(set));
        var start = TimeProvider.System.GetTimestamp();
        var next = await Should.ThrowAsync<ReplicaException>(CallAsync(set));

        (first.StatusCode, first.Problem).ShouldBe((StatusCode.Unavailable, PeerProblem.Silent));
        (next.StatusCode, next.Problem).ShouldBe((StatusCode.Unavailable, PeerProblem.Silent));
        TimeProvider.System.GetElapsedTime(start).ShouldBeLessThan(_impatient.SilentAfter);
        set.IsSilent.ShouldBeTrue();
    }

    [Fact]
    public async Task ReplicaThatDoesNotServe_IsTheLastChoice()
    {
        await using var replicas = await StubReplicas.StartAsync(2);
        replicas.All[0].Health = HealthCheckResponse.Types.ServingStatus.NotServing;
        using var set = Set(replicas.Addresses);
        await StateAsync(set, ReplicaState.NotServing);

        for (var i = 0; i < 5; i++)
            await CallAsync(set);

        replicas.All.Select(replica => replica.Calls).ShouldBe([0, 5]);
    }

    [Fact]
    public async Task CallerWhoLeaves_EndsTheCallAtTheReplica()
    {
        await using var replicas = await StubReplicas.StartAsync(1);
        using var set = Set(replicas.Addresses);
        var (entered, left) = (new TaskCompletionSource(), new TaskCompletionSource());
        replicas.All[0].OnCall = async context =>
        {
            using var leaving = context.CancellationToken.Register(left.SetResult);
            entered.SetResult();
            await left.Task;
        };
        using var caller = new CancellationTokenSource();
        var call = CallAsync(set, cancellationToken: caller.Token);
        await entered.Task.DefaultTimeout();

        await caller.CancelAsync();

        await Should.ThrowAsync<OperationCanceledException>(call);
        await left.Task.DefaultTimeout();
    }

    [Fact]
    public async Task NameThatGainsAndLosesAddresses_IsFollowed()
    {
        var time = new ManualTime();
        await using var first = await StubReplica.StartAsync();
        await using var second = await StubReplica.StartAsync(first.Address.Port, "127.0.0.2");
        IPAddress[] addresses = [IPAddress.Loopback];
        _ = ServiceAddress.Read($"dns:///tagger:{first.Address.Port}", out var name);
        using var set = new ReplicaSet(name!, _options, time, (_, _) => Task.FromResult(addresses));
        await CallAsync(set);

        addresses = [IPAddress.Loopback, IPAddress.Parse("127.0.0.2")];
        await RefreshAsync(set, time, 2);
        for (var i = 0; i < 10; i++)
            await CallAsync(set);
        addresses = [IPAddress.Parse("127.0.0.2")];
        await RefreshAsync(set, time, 1);
        for (var i = 0; i < 10; i++)
            await CallAsync(set);

        (first.Calls, second.Calls).ShouldBe((6, 15));
        set.Replicas.Single().Number.ShouldBe(2);
    }

    [Fact]
    public async Task Lease_TakesDifferentReplicasThatServe_AndKeepsToThem()
    {
        await using var replicas = await StubReplicas.StartAsync(3);
        replicas.All[1].Health = HealthCheckResponse.Types.ServingStatus.NotServing;
        using var set = Set(replicas.Addresses);
        await StateAsync(set, ReplicaState.NotServing);

        var leases = set.Lease(3);
        for (var i = 0; i < 5; i++)
            await CallAsync(leases[1].Invoker);

        leases.Select(lease => lease.Replica.Number).ShouldBe([1, 3]);
        replicas.All.Select(replica => replica.Calls).ShouldBe([0, 0, 5]);
        foreach (var lease in leases)
            lease.Dispose();
    }

    private static ReplicaSet Set(IEnumerable<Uri> addresses, BalancingOptions? options = null)
    {
        ServiceAddress.Read(string.Join(',', addresses), out var address).ShouldBeNull();
        return new ReplicaSet(address!, options ?? _options, TimeProvider.System);
    }

    private static Task CallAsync(ReplicaSet set, CancellationToken cancellationToken = default) => CallAsync(set.Invoker, cancellationToken);

    private static async Task CallAsync(CallInvoker invoker, CancellationToken cancellationToken = default)
    {
        using var call = new Health.HealthClient(invoker).CheckAsync(
            new HealthCheckRequest { Service = "call" }, deadline: DateTime.UtcNow.AddMinutes(1), cancellationToken: cancellationToken);
        _ = await call.ResponseAsync.DefaultTimeout();
    }

    private static async Task StateAsync(ReplicaSet set, ReplicaState state)
    {
        while (set.Replicas.All(replica => replica.State != state))
            await Task.Yield();
    }

    private static async Task RefreshAsync(ReplicaSet set, ManualTime time, int count)
    {
        // its timer may not be set yet
        while (set.Replicas.Count != count)
        {
            time.Advance(_options.Refresh);
            await Task.Yield();
        }
    }

    private static RpcException Failure(Code code, TimeSpan? retry, string reason = "")
    {
        var status = new Status { Code = (int)code, Message = "no" };
        if (retry is { } delay)
            status.Details.Add(Any.Pack(new RetryInfo { RetryDelay = Duration.FromTimeSpan(delay) }));
        status.Details.Add(Any.Pack(new ErrorInfo { Reason = reason }));
        return status.ToRpcException();
    }

    private sealed class StubReplicas(IReadOnlyList<StubReplica> all) : IAsyncDisposable
    {
        public IReadOnlyList<StubReplica> All { get; } = all;

        public IEnumerable<Uri> Addresses => All.Select(replica => replica.Address);

        public static async Task<StubReplicas> StartAsync(int count)
        {
            var all = new List<StubReplica>();
            for (var i = 0; i < count; i++)
                all.Add(await StubReplica.StartAsync());
            return new StubReplicas(all);
        }

        public async ValueTask DisposeAsync()
        {
            foreach (var replica in All)
                await replica.DisposeAsync();
        }
    }
}
