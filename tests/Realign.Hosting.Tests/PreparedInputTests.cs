using Realign.Core.Errors;
using Realign.Hosting.Models;
using Realign.Hosting.Scheduling;
using Realign.Testing;
using Shouldly;
using Xunit;

namespace Realign.Hosting.Tests;

/// <summary>Inputs that are made after a call has its place in the queue.</summary>
public sealed class PreparedInputTests
{
    private static readonly CallTerms None = new(CancellationToken.None);

    [Fact]
    public async Task ManyCallers_NeverMoreThanThreeInputsExist_AndTheOrderIsKept()
    {
        using var host = await PlainHost.StartAsync(16);
        using var gate = new ManualResetEventSlim();
        using var prepared = new SemaphoreSlim(0);
        var (inputs, most) = (0, 0);
        var order = new List<int>();
        var calls = Enumerable.Range(0, 16).Select(i => host.RunAsync(
            token =>
            {
                var now = Interlocked.Increment(ref inputs);
                lock (order)
                    most = Math.Max(most, now);
                _ = prepared.Release();
                return i;
            },
            (_, input, _) =>
            {
                gate.Wait(CancellationToken.None);
                order.Add(input);
                _ = Interlocked.Decrement(ref inputs);
                return input;
            }, None)).ToList();
        for (var i = 0; i < ModelRunner.InputSlots; i++)
            (await prepared.WaitAsync(TimeSpan.FromMinutes(1))).ShouldBeTrue();

        gate.Set();

        (await Task.WhenAll(calls).DefaultTimeout()).ShouldBe(Enumerable.Range(0, 16));
        order.ShouldBe(Enumerable.Range(0, 16));
        most.ShouldBe(ModelRunner.InputSlots);
    }

    [Fact]
    public async Task CallsWithAndWithoutInput_RunInTheOrderOfAdmission()
    {
        using var host = await PlainHost.StartAsync(8);
        using var gate = new ManualResetEventSlim();
        var order = new List<string>();
        var first = host.RunAsync(token => { gate.Wait(token); return "input"; }, (_, input, _) => { order.Add(input); return 0; }, None);
        var second = host.RunAsync((_, _) => { order.Add("plain"); return 0; }, None);

        gate.Set();

        _ = await Task.WhenAll(first, second).DefaultTimeout();
        order.ShouldBe(["input", "plain"]);
    }

    [Fact]
    public async Task FullQueue_IsRefusedBeforeAnythingIsPrepared()
    {
        using var host = await PlainHost.StartAsync(2);
        using var gate = new ManualResetEventSlim();
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var running = host.RunAsync((_, _) => { started.SetResult(); gate.Wait(CancellationToken.None); return 0; }, None);
        await started.Task.DefaultTimeout();
        Task<int>[] waiting = [host.RunAsync(_ => 1, (_, input, _) => input, None), host.RunAsync(_ => 2, (_, input, _) => input, None)];
        var isPrepared = false;

        var refused = Should.Throw<ResourceExhaustedException>(() => _ = host.RunAsync(_ => isPrepared = true, (_, input, _) => input, None));

        refused.RetryAfter.ShouldBeGreaterThan(TimeSpan.Zero);
        gate.Set();
        (await Task.WhenAll(waiting).DefaultTimeout()).ShouldBe([1, 2]);
        _ = await running.DefaultTimeout();
        isPrepared.ShouldBeFalse();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task CallersThatLeave_MakeRoomInQueueAndSlots(bool whilePreparing)
    {
        using var host = await PlainHost.StartAsync(ModelRunner.InputSlots + 1);
        using var gate = new ManualResetEventSlim();
        using var caller = new CancellationTokenSource();
        using var prepared = new SemaphoreSlim(0);
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var running = host.RunAsync((_, _) => { started.SetResult(); gate.Wait(CancellationToken.None); return 0; }, None);
        await started.Task.DefaultTimeout();
        var left = Enumerable.Range(0, ModelRunner.InputSlots + 1).Select(i => host.RunAsync(token =>
        {
            _ = prepared.Release();
            if (whilePreparing)
                token.WaitHandle.WaitOne();
            token.ThrowIfCancellationRequested();
            return i;
        }, (_, input, _) => input, new CallTerms(caller.Token))).ToList();
        for (var i = 0; i < ModelRunner.InputSlots; i++)
            (await prepared.WaitAsync(TimeSpan.FromMinutes(1))).ShouldBeTrue();

        await caller.CancelAsync();

        foreach (var call in left)
            await Should.ThrowAsync<OperationCanceledException>(call.DefaultTimeout());
        host.QueueLength.ShouldBe(0);
        // as many as before get a slot each, while the model is still busy
        var next = Enumerable.Range(0, ModelRunner.InputSlots)
            .Select(i => host.RunAsync(token => { _ = prepared.Release(); return i; }, (_, input, _) => input, None)).ToList();
        for (var i = 0; i < ModelRunner.InputSlots; i++)
            (await prepared.WaitAsync(TimeSpan.FromMinutes(1))).ShouldBeTrue();
        gate.Set();
        (await Task.WhenAll(next).DefaultTimeout()).ShouldBe([0, 1, 2]);
        _ = await running.DefaultTimeout();
    }

    [Fact]
    public async Task InputThatCannotBeMade_IsTheCallersAnswer_AndFreesItsSlot()
    {
        using var host = await PlainHost.StartAsync(8);

        for (var i = 0; i <= ModelRunner.InputSlots; i++)
        {
            await Should.ThrowAsync<InvalidInputException>(host.RunAsync<int, int>(
                _ => throw new InvalidInputException("image", "nothing", "no picture", "send one"), (_, input, _) => input, None).DefaultTimeout());
        }

        (await host.RunAsync(_ => 5, (_, input, _) => input, None).DefaultTimeout()).ShouldBe(5);
    }

    [Fact]
    public async Task WorkThatFails_FreesItsSlot()
    {
        using var host = await PlainHost.StartAsync(8);

        for (var i = 0; i <= ModelRunner.InputSlots; i++)
        {
            await Should.ThrowAsync<FailedPreconditionException>(
                host.RunAsync<int, int>(_ => 1, (_, _, _) => throw new FailedPreconditionException("no", "yes"), None).DefaultTimeout());
        }

        (await host.RunAsync(_ => 5, (_, input, _) => input, None).DefaultTimeout()).ShouldBe(5);
    }
}
