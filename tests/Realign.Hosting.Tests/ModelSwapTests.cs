using Grpc.Health.V1;
using Microsoft.Extensions.DependencyInjection;
using Realign.Core.Errors;
using Realign.Hosting.Models;
using Realign.Hosting.Scheduling;
using Realign.Testing;
using Shouldly;
using Xunit;

namespace Realign.Hosting.Tests;

/// <summary>A model is replaced, taken away and loaded again while calls come in.</summary>
public sealed class ModelSwapTests
{
    private static readonly CallTerms None = new(CancellationToken.None);

    [Fact]
    public async Task Load_CallInProgress_EndsOnTheOldOneWhileNewCallsGetTheNewOne()
    {
        var models = new Models();
        await using var service = await StartAsync(models);
        var host = service.Services.GetRequiredService<ModelHost<Named>>();
        using var gate = new ManualResetEventSlim();
        var inProgress = await BeginAsync(host, gate, () => { });
        var waiting = host.RunAsync((model, _) => model.Name, None);

        await host.LoadAsync("second", null, CancellationToken.None).DefaultTimeout();

        (await host.RunAsync((model, _) => model.Name, None).DefaultTimeout()).ShouldBe("second");
        host.Version.ShouldBe("2");
        models.Made[0].Ended.Task.IsCompleted.ShouldBeFalse();
        (await service.HealthAsync("named")).ShouldBe(HealthCheckResponse.Types.ServingStatus.Serving);
        gate.Set();
        (await inProgress.DefaultTimeout()).ShouldBe("first");
        (await waiting.DefaultTimeout()).ShouldBe("first");
        await models.Made[0].Ended.Task.DefaultTimeout();
        models.Made[1].Ended.Task.IsCompleted.ShouldBeFalse();
        models.Made[1].Probes.ShouldBe(1);
    }

    [Fact]
    public async Task Load_WhileCallsComeIn_FailsNone()
    {
        var models = new Models();
        await using var service = await StartAsync(models);
        var host = service.Services.GetRequiredService<ModelHost<Named>>();
        using var end = new CancellationTokenSource();
        var callers = Enumerable.Range(0, 3).Select(caller => Task.Run(async () =>
        {
            var calls = 0;
            while (!end.IsCancellationRequested)
            {
                _ = await host.RunAsync((model, _) => model.Ended.Task.IsCompleted ? throw new ObjectDisposedException(model.Name) : model.Name, None);
                calls++;
            }

            return calls;
        })).ToList();

        for (var i = 0; i < 20; i++)
            await host.LoadAsync("again", null, CancellationToken.None).DefaultTimeout();
        await end.CancelAsync();

        (await Task.WhenAll(callers).DefaultTimeout()).ShouldAllBe(calls => calls > 0);
        host.Version.ShouldBe("21");
        host.Counts.Failures.Values.Sum(failures => failures.Count).ShouldBe(0);
    }

    [Theory]
    [InlineData("missing", "no such model")]
    [InlineData("broken", "InvalidOperationException")]
    public async Task Load_Fails_OldOneStaysAndTheReasonIsTold(string name, string reason)
    {
        var models = new Models();
        await using var service = await StartAsync(models);
        var host = service.Services.GetRequiredService<ModelHost<Named>>();

        var failure = await Should.ThrowAsync<FailedPreconditionException>(host.LoadAsync(name, null, CancellationToken.None).DefaultTimeout());

        failure.Message.ShouldContain(reason);
        (await host.RunAsync((model, _) => model.Name, None).DefaultTimeout()).ShouldBe("first");
        host.Version.ShouldBe("1");
        host.Status.ShouldBe(ModelStatus.Ready);
        models.Made.Skip(1).ShouldAllBe(model => model.Ended.Task.IsCompleted);
    }

    [Fact]
    public async Task Load_CallerLeaves_OldOneStays()
    {
        var models = new Models();
        await using var service = await StartAsync(models);
        var host = service.Services.GetRequiredService<ModelHost<Named>>();
        using var leaving = new CancellationTokenSource();

        var loading = host.LoadAsync("endless", null, leaving.Token);
        await models.Endless.Task.DefaultTimeout();
        await leaving.CancelAsync();

        await Should.ThrowAsync<OperationCanceledException>(loading.DefaultTimeout());
        (await host.RunAsync((model, _) => model.Name, None).DefaultTimeout()).ShouldBe("first");
    }

    [Fact]
    public async Task Unload_CallInProgressEnds_LaterOnesAreUnavailableUntilItIsLoadedAgain()
    {
        var models = new Models();
        await using var service = await StartAsync(models);
        var host = service.Services.GetRequiredService<ModelHost<Named>>();
        using var gate = new ManualResetEventSlim();
        var inProgress = await BeginAsync(host, gate, () => { });

        var unloading = host.UnloadAsync(CancellationToken.None);

        Should.Throw<UnavailableException>(() => { _ = host.RunAsync((model, _) => model.Name, None); }).Reason.ShouldBe("MODEL_UNLOADED");
        unloading.IsCompleted.ShouldBeFalse();
        gate.Set();
        (await inProgress.DefaultTimeout()).ShouldBe("first");
        await unloading.DefaultTimeout();
        models.Made.Single().Ended.Task.IsCompleted.ShouldBeTrue();
        host.Status.ShouldBe(ModelStatus.Unloaded);
        (await service.HealthAsync("named")).ShouldBe(HealthCheckResponse.Types.ServingStatus.NotServing);
        await host.LoadAsync(null, null, CancellationToken.None).DefaultTimeout();
        (await service.HealthAsync("named")).ShouldBe(HealthCheckResponse.Types.ServingStatus.Serving);
        (await host.RunAsync((model, _) => model.Name, None).DefaultTimeout()).ShouldBe("first");
    }

    [Fact]
    public async Task WorkOfTheOldOne_YieldsOnItsOwnThread()
    {
        var models = new Models();
        await using var service = await StartAsync(models);
        var host = service.Services.GetRequiredService<ModelHost<Named>>();
        using var gate = new ManualResetEventSlim();
        var inProgress = await BeginAsync(host, gate, host.Yield);
        await host.LoadAsync("second", null, CancellationToken.None).DefaultTimeout();

        gate.Set();

        (await inProgress.DefaultTimeout()).ShouldBe("first");
    }

    [Fact]
    public async Task Counts_TellCallsByTheirEnd()
    {
        var models = new Models();
        await using var service = await StartAsync(models);
        var host = service.Services.GetRequiredService<ModelHost<Named>>();
        using var left = new CancellationTokenSource();

        _ = await host.RunAsync((model, _) => model.Name, None).DefaultTimeout();
        await Should.ThrowAsync<InvalidInputException>(
            host.RunAsync<int>((_, _) => throw new InvalidInputException("a", "b", "c", "d"), None).DefaultTimeout());
        await Should.ThrowAsync<InvalidOperationException>(host.RunAsync<int>((_, _) => throw new InvalidOperationException("once"), None).DefaultTimeout());
        var leaving = host.RunAsync((_, token) => { left.Cancel(); token.ThrowIfCancellationRequested(); return 1; }, new CallTerms(left.Token));
        await Should.ThrowAsync<OperationCanceledException>(leaving.DefaultTimeout());
        // the answer of the one that left came before its work had ended
        _ = await host.RunAsync((model, _) => model.Name, None).DefaultTimeout();

        var counts = host.Counts;
        counts.Success.Count.ShouldBe(2);
        counts.Failures.ToDictionary(pair => pair.Key, pair => pair.Value.Count).ShouldBe(new Dictionary<CallFailure, long>
        {
            [CallFailure.Rejected] = 0,
            [CallFailure.Canceled] = 1,
            [CallFailure.Backend] = 1,
            [CallFailure.Other] = 1,
        }, ignoreOrder: true);
        counts.Compute.Count.ShouldBe(5);
        counts.Queue.Count.ShouldBe(5);
        counts.Success.Total.ShouldBeGreaterThan(TimeSpan.Zero);
        counts.LastSuccess.ShouldNotBeNull();
    }

    /// <summary>A call that has begun, waits at the gate, and then does something.</summary>
    private static async Task<Task<string>> BeginAsync(ModelHost<Named> host, ManualResetEventSlim gate, Action then)
    {
        var entered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var call = host.RunAsync((model, _) =>
        {
            entered.SetResult();
            gate.Wait(CancellationToken.None);
            then();
            return model.Name;
        }, None);
        await entered.Task.DefaultTimeout();
        return call;
    }

    private static Task<TestService> StartAsync(Models models) => TestService.StartAsync(args =>
    {
        var builder = ServiceHost.CreateBuilder(args, 0);
        builder.Services.AddModel("named", _ => 8, (_, token) => models.Load("first", token), (model, _) => model.Probe(),
            (_, name, token) => models.Load(name, token));
        return builder.BuildService();
    });

    private sealed class Models
    {
        public List<Named> Made { get; } = [];

        public TaskCompletionSource Endless { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Named Load(string name, CancellationToken token)
        {
            if (name == "missing")
                throw new ModelLoadException("/models/missing", "no such model", "name another");
            if (name == "endless")
            {
                _ = Endless.TrySetResult();
                _ = token.WaitHandle.WaitOne();
                token.ThrowIfCancellationRequested();
            }

            var model = new Named(name);
            lock (Made)
                Made.Add(model);
            return model;
        }
    }

    private sealed class Named(string name) : IDisposable
    {
        public string Name => name;

        public int Probes { get; private set; }

        public TaskCompletionSource Ended { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void Probe()
        {
            Probes++;
            if (name == "broken")
                throw new InvalidOperationException("broken");
        }

        public void Dispose() => Ended.TrySetResult();
    }
}
