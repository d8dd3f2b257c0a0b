using Grpc.Health.V1;
using Microsoft.Extensions.DependencyInjection;
using Realign.Core.Errors;
using Realign.Hosting.Models;
using Realign.Hosting.Scheduling;
using Realign.Testing;
using Shouldly;
using Xunit;

namespace Realign.Hosting.Tests;

/// <summary>A model that one call breaks for all later ones.</summary>
public sealed class ModelRecoveryTests
{
    private static readonly CallTerms None = new(CancellationToken.None);

    [Fact]
    public async Task CallThatBreaksTheModelForGood_IsNotServingUntilItIsLoadedAgain()
    {
        var loads = new Loads();
        await using var service = await StartAsync(loads);
        var host = service.Services.GetRequiredService<ModelHost<Fragile>>();
        loads.Gate.Reset();

        await Should.ThrowAsync<InvalidOperationException>(host.RunAsync((model, _) => model.Break(), None).DefaultTimeout());

        await loads.Again.Task.DefaultTimeout();
        (await service.HealthAsync("fragile")).ShouldBe(HealthCheckResponse.Types.ServingStatus.NotServing);
        var refused = Should.Throw<UnavailableException>(() => { _ = host.RunAsync((model, _) => model.Answer(), None); });
        refused.WayOut.ShouldContain("SERVING");
        loads.Made[0].IsDisposed.ShouldBeTrue();
        loads.Gate.Set();
        await host.Settled.DefaultTimeout();
        (await service.HealthAsync("fragile")).ShouldBe(HealthCheckResponse.Types.ServingStatus.Serving);
        (await host.RunAsync((model, _) => model.Answer(), None).DefaultTimeout()).ShouldBe(42);
    }

    [Fact]
    public async Task CallsThatWaitWhenTheModelBreaks_RunOnTheNewOne()
    {
        var loads = new Loads();
        await using var service = await StartAsync(loads);
        var host = service.Services.GetRequiredService<ModelHost<Fragile>>();
        using var gate = new ManualResetEventSlim();
        var breaking = host.RunAsync((model, _) => { gate.Wait(CancellationToken.None); return model.Break(); }, None);
        var waiting = host.RunAsync((model, _) => model.Answer(), None);

        gate.Set();

        await Should.ThrowAsync<InvalidOperationException>(breaking.DefaultTimeout());
        (await waiting.DefaultTimeout()).ShouldBe(42);
        loads.Made.Count.ShouldBe(2);
    }

    [Fact]
    public async Task CallThatFailsAlone_LeavesTheModelInPlace()
    {
        var loads = new Loads();
        await using var service = await StartAsync(loads);
        var host = service.Services.GetRequiredService<ModelHost<Fragile>>();

        await Should.ThrowAsync<InvalidOperationException>(host.RunAsync<int>((_, _) => throw new InvalidOperationException("once"), None).DefaultTimeout());

        (await host.RunAsync((model, _) => model.Answer(), None).DefaultTimeout()).ShouldBe(42);
        loads.Made.Single().Probes.ShouldBe(1);
    }

    [Fact]
    public async Task RefusedOrCancelledCalls_AreNoReasonForACheck()
    {
        var loads = new Loads();
        await using var service = await StartAsync(loads);
        var host = service.Services.GetRequiredService<ModelHost<Fragile>>();

        await Should.ThrowAsync<InvalidInputException>(
            host.RunAsync<int>((_, _) => throw new InvalidInputException("a", "b", "c", "d"), None).DefaultTimeout());
        await Should.ThrowAsync<OperationCanceledException>(host.RunAsync<int>((_, _) => throw new OperationCanceledException(), None).DefaultTimeout());

        (await host.RunAsync((model, _) => model.Answer(), None).DefaultTimeout()).ShouldBe(42);
        loads.Made.Single().Probes.ShouldBe(0);
    }

    [Fact]
    public async Task ModelThatFailsItsCheckAfterLoadingToo_IsFailed()
    {
        var loads = new Loads { NextIsBroken = false };
        await using var service = await StartAsync(loads);
        var host = service.Services.GetRequiredService<ModelHost<Fragile>>();
        loads.NextIsBroken = true;

        await Should.ThrowAsync<InvalidOperationException>(host.RunAsync((model, _) => model.Break(), None).DefaultTimeout());

        await loads.Again.Task.DefaultTimeout();
        await host.Settled.DefaultTimeout();
        (await service.HealthAsync()).ShouldBe(HealthCheckResponse.Types.ServingStatus.NotServing);
        Should.Throw<FailedPreconditionException>(() => { _ = host.RunAsync((model, _) => model.Answer(), None); });
        loads.Made.ShouldAllBe(model => model.IsDisposed);
    }

    private static Task<TestService> StartAsync(Loads loads) => TestService.StartAsync(args =>
    {
        var builder = ServiceHost.CreateBuilder(args, 0);
        builder.Services.AddModel("fragile", _ => 4, (_, token) => loads.Load(token), (model, _) => model.Probe());
        return builder.BuildService();
    });

    private sealed class Loads
    {
        public List<Fragile> Made { get; } = [];

        public ManualResetEventSlim Gate { get; } = new(true);

        public TaskCompletionSource Again { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public bool NextIsBroken { get; set; }

        public Fragile Load(CancellationToken token)
        {
            if (Made.Count > 0)
                _ = Again.TrySetResult();
            Gate.Wait(token);
            Made.Add(new Fragile(NextIsBroken));
            return Made[^1];
        }
    }

    private sealed class Fragile(bool isBroken) : IDisposable
    {
        private bool _isBroken = isBroken;

        public bool IsDisposed { get; private set; }

        public int Probes { get; private set; }

        public int Break()
        {
            _isBroken = true;
            return Answer();
        }

        public int Answer() => _isBroken ? throw new InvalidOperationException("broken for good") : 42;

        public void Probe()
        {
            Probes++;
            _ = Answer();
        }

        public void Dispose() => IsDisposed = true;
    }
}
