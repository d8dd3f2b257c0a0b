using Grpc.Health.V1;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Realign.Core.Errors;
using Realign.Hosting.Models;
using Realign.Hosting.Scheduling;
using Realign.Testing;
using Shouldly;
using Xunit;

namespace Realign.Hosting.Tests;

/// <summary>A model's thread that does not come back.</summary>
public sealed class StallTests
{
    private static readonly CallTerms None = new(CancellationToken.None);

    [Fact]
    public async Task CallFarOverTheAverage_IsNotServingUntilItEnds()
    {
        var time = new ManualTime();
        await using var service = await StartAsync(time);
        var host = service.Services.GetRequiredService<ModelHost<object>>();
        _ = await host.RunAsync((_, _) => { time.Advance(TimeSpan.FromSeconds(10)); return 0; }, None).DefaultTimeout();
        using var gate = new ManualResetEventSlim();
        var stuck = await OccupyAsync(host, gate, None);

        time.Advance(TimeSpan.FromSeconds(199));
        (await service.HealthAsync()).ShouldBe(HealthCheckResponse.Types.ServingStatus.Serving);
        time.Advance(TimeSpan.FromSeconds(2));

        (await service.HealthAsync()).ShouldBe(HealthCheckResponse.Types.ServingStatus.NotServing);
        (await service.HealthAsync("liveness")).ShouldBe(HealthCheckResponse.Types.ServingStatus.NotServing);
        host.Status.ShouldBe(ModelStatus.Stalled);
        host.Problem!.ShouldContain("stalled");
        Should.Throw<UnavailableException>(() => { _ = host.RunAsync((_, _) => 1, None); }).Message.ShouldContain("stalled");
        gate.Set();
        _ = await stuck.DefaultTimeout();
        _ = await host.RunAsync((_, _) => 1, None).DefaultTimeout();
        (await service.HealthAsync()).ShouldBe(HealthCheckResponse.Types.ServingStatus.Serving);
    }

    [Fact]
    public async Task CallThatIsLongButBelowTheLeastTime_Serves()
    {
        var time = new ManualTime();
        await using var service = await StartAsync(time);
        var host = service.Services.GetRequiredService<ModelHost<object>>();
        using var gate = new ManualResetEventSlim();
        var stuck = await OccupyAsync(host, gate, None);

        time.Advance(TimeSpan.FromSeconds(59));

        (await service.HealthAsync()).ShouldBe(HealthCheckResponse.Types.ServingStatus.Serving);
        gate.Set();
        _ = await stuck.DefaultTimeout();
    }

    [Fact]
    public async Task CallerWhoLeftAndIsNotHeardOf_IsNotServingUntilTheWorkEnds()
    {
        var time = new ManualTime();
        await using var service = await StartAsync(time);
        var host = service.Services.GetRequiredService<ModelHost<object>>();
        using var gate = new ManualResetEventSlim();
        using var caller = new CancellationTokenSource();
        var stuck = await OccupyAsync(host, gate, new CallTerms(caller.Token));

        await caller.CancelAsync();

        // the caller is answered, the thread is not free
        await Should.ThrowAsync<OperationCanceledException>(stuck.DefaultTimeout());
        (await service.HealthAsync()).ShouldBe(HealthCheckResponse.Types.ServingStatus.Serving);
        time.Advance(TimeSpan.FromSeconds(31));
        (await service.HealthAsync()).ShouldBe(HealthCheckResponse.Types.ServingStatus.NotServing);
        gate.Set();
    }

    [Fact]
    public async Task InputThatIsStillMadeLongAfterItsCallerLeft_IsNotServing()
    {
        var time = new ManualTime();
        await using var service = await StartAsync(time);
        var host = service.Services.GetRequiredService<ModelHost<object>>();
        using var gate = new ManualResetEventSlim();
        using var caller = new CancellationTokenSource();
        var entered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var call = host.RunAsync(
            _ => { entered.SetResult(); gate.Wait(CancellationToken.None); return 1; }, (_, input, _) => input, new CallTerms(caller.Token));
        await entered.Task.DefaultTimeout();
        await caller.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(call.DefaultTimeout());

        time.Advance(TimeSpan.FromSeconds(31));

        (await service.HealthAsync()).ShouldBe(HealthCheckResponse.Types.ServingStatus.NotServing);
        gate.Set();
    }

    [Fact]
    public async Task Stop_ThreadThatIsStuck_EndsTheServiceWithItsOwnExitCode()
    {
        using var gate = new ManualResetEventSlim();
        WebApplication? app = null;
        var ending = ServiceHost.RunAsync(args => app = Build(args, TimeProvider.System), ["--urls=http://127.0.0.1:0", "--Hosting:DrainSeconds=1"]);
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var watch = app!.Lifetime.ApplicationStarted.Register(started.SetResult);
        await started.Task.DefaultTimeout();
        var host = app.Services.GetRequiredService<ModelHost<object>>();
        await host.Settled.DefaultTimeout();
        var stuck = await OccupyAsync(host, gate, None);

        app.Lifetime.StopApplication();

        (await ending.DefaultTimeout()).ShouldBe(ServiceHost.StuckExitCode);
        gate.Set();
        _ = await stuck.DefaultTimeout();
    }

    [Fact]
    public async Task Stop_ThreadThatEnds_IsExitCodeZero()
    {
        WebApplication? app = null;
        var ending = ServiceHost.RunAsync(args => app = Build(args, TimeProvider.System), ["--urls=http://127.0.0.1:0"]);
        await app!.Services.GetRequiredService<ModelHost<object>>().Settled.DefaultTimeout();

        app.Lifetime.StopApplication();

        (await ending.DefaultTimeout()).ShouldBe(0);
    }

    private static Task<TestService> StartAsync(TimeProvider time) =>
        TestService.StartAsync(args => Build(args, time), "--Hosting:StallSeconds=60", "--Hosting:StallFactor=20", "--Hosting:UnansweredSeconds=30");

    private static WebApplication Build(string[] args, TimeProvider time)
    {
        var builder = ServiceHost.CreateBuilder(args, 0);
        builder.Services.AddSingleton(time);
        builder.Services.AddModel("test", _ => 4, (_, _) => new object());
        return builder.BuildService();
    }

    private static async Task<Task<int>> OccupyAsync(ModelHost<object> host, ManualResetEventSlim gate, CallTerms caller)
    {
        var entered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var call = host.RunAsync((_, _) => { entered.SetResult(); gate.Wait(CancellationToken.None); return 0; }, caller);
        await entered.Task.DefaultTimeout();
        return call;
    }
}
