using Realign.Core.Errors;
using Realign.Hosting.Models;
using Realign.Hosting.Scheduling;
using Realign.Testing;
using Shouldly;
using Xunit;

namespace Realign.Hosting.Tests;

public sealed class ModelRunnerTests
{
    private static readonly CallTerms None = new(CancellationToken.None);

    [Fact]
    public async Task RunAsync_WorkOfManyCallers_RunsOnOneThread()
    {
        using var runner = new ModelRunner("test", 16);

        var threads = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ =>
            runner.RunAsync(_ => Environment.CurrentManagedThreadId, None))).DefaultTimeout();

        threads.Distinct().Count().ShouldBe(1);
    }

    [Fact]
    public async Task RunAsync_FullQueue_IsRefusedWithRetryTime()
    {
        using var runner = new ModelRunner("test", 1);
        using var gate = new ManualResetEventSlim();
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var running = runner.RunAsync(token => { started.SetResult(); gate.Wait(token); return 1; }, None);
        await started.Task.DefaultTimeout();
        var queued = runner.RunAsync(_ => 2, None);

        var refused = Should.Throw<ResourceExhaustedException>(() => _ = runner.RunAsync(_ => 3, None));

        refused.RetryAfter.ShouldBeGreaterThan(TimeSpan.Zero);
        gate.Set();
        (await running.DefaultTimeout()).ShouldBe(1);
        (await queued.DefaultTimeout()).ShouldBe(2);
    }

    [Fact]
    public async Task RunAsync_CancelledWhileQueued_AnswersAtOnceAndNeverRuns()
    {
        using var runner = new ModelRunner("test", 4);
        using var gate = new ManualResetEventSlim();
        using var caller = new CancellationTokenSource();
        var ran = false;
        var running = runner.RunAsync(token => { gate.Wait(token); return 1; }, None);
        var queued = runner.RunAsync(_ => ran = true, new CallTerms(caller.Token));

        await caller.CancelAsync();

        await Should.ThrowAsync<OperationCanceledException>(queued.DefaultTimeout());
        gate.Set();
        await running.DefaultTimeout();
        await runner.RunAsync(_ => 0, None).DefaultTimeout();
        ran.ShouldBeFalse();
    }

    [Fact]
    public async Task RunAsync_CallersThatLeftTheQueue_MakeRoomForOthers()
    {
        using var runner = new ModelRunner("test", 2);
        using var gate = new ManualResetEventSlim();
        using var caller = new CancellationTokenSource();
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var running = runner.RunAsync(token => { started.SetResult(); gate.Wait(token); return 1; }, None);
        await started.Task.DefaultTimeout();
        Task<int>[] left = [runner.RunAsync(_ => 2, new CallTerms(caller.Token)), runner.RunAsync(_ => 3, new CallTerms(caller.Token))];

        await caller.CancelAsync();

        runner.QueueLength.ShouldBe(0);
        var next = runner.RunAsync(_ => 4, None);
        gate.Set();
        (await next.DefaultTimeout()).ShouldBe(4);
        (await running.DefaultTimeout()).ShouldBe(1);
        left.ShouldAllBe(task => task.IsCanceled);
    }

    [Fact]
    public async Task RunAsync_CancelledWhileRunning_ReachesTheWork()
    {
        using var runner = new ModelRunner("test", 4);
        using var caller = new CancellationTokenSource();
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var running = runner.RunAsync(token =>
        {
            started.SetResult();
            token.WaitHandle.WaitOne();
            token.ThrowIfCancellationRequested();
            return 1;
        }, new CallTerms(caller.Token));
        await started.Task.DefaultTimeout();

        await caller.CancelAsync();

        await Should.ThrowAsync<OperationCanceledException>(running.DefaultTimeout());
    }

    [Fact]
    public async Task RunAsync_WorkThrows_OnlyThatCallerSeesIt()
    {
        using var runner = new ModelRunner("test", 4);

        await Should.ThrowAsync<InvalidDataException>(
            runner.RunAsync<int>(_ => throw new InvalidDataException("boom"), None).DefaultTimeout());

        (await runner.RunAsync(_ => 7, None).DefaultTimeout()).ShouldBe(7);
    }

    [Fact]
    public async Task RunAsync_CallerOfWorkThatDoesNotLook_IsAnsweredAtOnce()
    {
        using var runner = new ModelRunner("test", 4);
        using var caller = new CancellationTokenSource();
        using var gate = new ManualResetEventSlim();
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var running = runner.RunAsync(_ => { started.SetResult(); gate.Wait(CancellationToken.None); return 1; }, new CallTerms(caller.Token));
        await started.Task.DefaultTimeout();

        await caller.CancelAsync();

        await Should.ThrowAsync<OperationCanceledException>(running.DefaultTimeout());
        gate.Set();
    }

    [Fact]
    public async Task Dispose_CallsThatWait_AreUnavailable()
    {
        var runner = new ModelRunner("test", 4);
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var running = runner.RunAsync(token =>
        {
            started.SetResult();
            token.WaitHandle.WaitOne();
            token.ThrowIfCancellationRequested();
            return 1;
        }, None);
        await started.Task.DefaultTimeout();
        var queued = runner.RunAsync(_ => 2, None);

        runner.Dispose();

        await Should.ThrowAsync<UnavailableException>(queued.DefaultTimeout());
        await Should.ThrowAsync<UnavailableException>(running.DefaultTimeout());
        Should.Throw<UnavailableException>(() => _ = runner.RunAsync(_ => 3, None));
    }

    [Fact]
    public async Task Dispose_WhileWorking_TellsTheWorkToStop()
    {
        var runner = new ModelRunner("test", 4);
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var running = runner.RunAsync(token =>
        {
            started.SetResult();
            token.WaitHandle.WaitOne();
            token.ThrowIfCancellationRequested();
            return 1;
        }, None);
        await started.Task.DefaultTimeout();

        runner.Dispose();

        await Should.ThrowAsync<UnavailableException>(running.DefaultTimeout());
    }
}
