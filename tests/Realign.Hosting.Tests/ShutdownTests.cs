using Microsoft.Extensions.Logging.Abstractions;
using Realign.Core.Errors;
using Realign.Hosting.Models;
using Realign.Hosting.Scheduling;
using Realign.Testing;
using Shouldly;
using Xunit;

namespace Realign.Hosting.Tests;

/// <summary>What callers of a model hear when the process stops.</summary>
public sealed class ShutdownTests
{
    private static readonly CallTerms None = new(CancellationToken.None);

    [Fact]
    public async Task CallAfterAStopWhileLoading_IsUnavailable()
    {
        var loading = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var host = Host(token => { loading.SetResult(); token.WaitHandle.WaitOne(); token.ThrowIfCancellationRequested(); return new Disposable(); });
        await host.StartAsync(CancellationToken.None);
        await loading.Task.DefaultTimeout();

        await host.StopAsync(CancellationToken.None);

        await host.Settled.DefaultTimeout();
        Should.Throw<UnavailableException>(() => { _ = host.RunAsync((_, _) => 1, None); }).Message.ShouldContain("shutting down");
    }

    [Fact]
    public async Task CallAfterAStop_IsUnavailable()
    {
        using var host = Host(_ => new Disposable());
        await host.StartAsync(CancellationToken.None);
        await host.Settled.DefaultTimeout();

        await host.StopAsync(CancellationToken.None);

        Should.Throw<UnavailableException>(() => { _ = host.RunAsync((_, _) => 1, None); }).Message.ShouldContain("shutting down");
    }

    [Fact]
    public async Task Dispose_FullQueue_DisposesTheModelOnItsThread()
    {
        var model = new Disposable();
        var host = Host(_ => { model.Thread = Environment.CurrentManagedThreadId; return model; });
        await host.StartAsync(CancellationToken.None);
        await host.Settled.DefaultTimeout();
        var entered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var running = host.RunAsync((_, token) => { entered.SetResult(); token.WaitHandle.WaitOne(); token.ThrowIfCancellationRequested(); return 1; }, None);
        await entered.Task.DefaultTimeout();
        var waiting = host.RunAsync((_, _) => 2, None);

        host.Dispose();

        model.DisposedOn.ShouldBe(model.Thread);
        host.IsEnded.ShouldBeTrue();
        await Should.ThrowAsync<UnavailableException>(running.DefaultTimeout());
        await Should.ThrowAsync<UnavailableException>(waiting.DefaultTimeout());
    }

    [Fact]
    public void Dispose_HostThatWasNeverStarted_LoadsNothing()
    {
        var isLoaded = false;
        var host = Host(_ => { isLoaded = true; return new Disposable(); });

        host.Dispose();

        host.IsEnded.ShouldBeTrue();
        isLoaded.ShouldBeFalse();
    }

    private static ModelHost<Disposable> Host(Func<CancellationToken, Disposable> load) => new(
        new ModelHostOptions<Disposable> { Name = "test", QueueCapacity = 1, Load = load }, NullLogger<ModelHost<Disposable>>.Instance, TimeProvider.System);

    private sealed class Disposable : IDisposable
    {
        public int Thread { get; set; }

        public int DisposedOn { get; private set; }

        public void Dispose() => DisposedOn = Environment.CurrentManagedThreadId;
    }
}
