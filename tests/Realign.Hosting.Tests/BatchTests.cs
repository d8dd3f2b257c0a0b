using System.Collections.Concurrent;
using Realign.Core.Errors;
using Realign.Hosting.Models;
using Realign.Hosting.Scheduling;
using Realign.Testing;
using Shouldly;
using Xunit;

namespace Realign.Hosting.Tests;

/// <summary>Calls that wait at the same time and share a pass of the model.</summary>
public sealed class BatchTests
{
    private const int Quarter = CallBatch.Full / 4;

    private readonly ConcurrentQueue<int[]> _passes = new();

    [Fact]
    public async Task CallsThatWait_ShareAPass_AsManyAsFit()
    {
        using var host = await PlainHost.StartAsync(16);

        var answers = await WhileBusyAsync(host, Enumerable.Range(0, 6).Select(i => (i, Terms(Quarter))));

        (await Task.WhenAll(answers).DefaultTimeout()).ShouldBe([0, 10, 20, 30, 40, 50]);
        _passes.Select(pass => pass.Length).ShouldBe([4, 2]);
        _passes.SelectMany(pass => pass).ShouldBe([0, 1, 2, 3, 4, 5]);
    }

    [Fact]
    public async Task CallsOfAnotherKeyOrKind_OrThatYield_HaveTheirOwn()
    {
        using var host = await PlainHost.StartAsync(16);

        var answers = await WhileBusyAsync(host,
        [
            (0, Terms(Quarter)), (1, Terms(Quarter, "other")), (2, Terms(Quarter) with { Kind = "other" }), (3, Terms(Quarter) with { Yields = true }),
            (4, Terms(Quarter)),
        ]);

        _ = await Task.WhenAll(answers).DefaultTimeout();
        _passes.ShouldContain(pass => pass.SequenceEqual(new[] { 0, 4 }));
        _passes.Count.ShouldBe(4);
    }

    [Fact]
    public async Task CallThatSpoilsThePass_FailsAlone()
    {
        using var host = await PlainHost.StartAsync(16);

        var answers = await WhileBusyAsync(host, [(1, Terms(Quarter)), (-1, Terms(Quarter)), (2, Terms(Quarter))]);

        (await answers[0].DefaultTimeout()).ShouldBe(10);
        (await answers[2].DefaultTimeout()).ShouldBe(20);
        _ = await Should.ThrowAsync<InvalidInputException>(answers[1].DefaultTimeout());
        _passes.Select(pass => pass.Length).ShouldBe([3, 1, 1, 1]);
    }

    [Fact]
    public async Task CallersThatLeaveDuringThePass_EndItOnlyWhenAllHaveLeft()
    {
        using var host = await PlainHost.StartAsync(16);
        using var first = new CancellationTokenSource();
        using var second = new CancellationTokenSource();
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var ended = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        List<Task<int>> answers = [];
        await using (await Blocker.OccupyAsync(host))
        {
            foreach (var caller in new[] { first, second })
            {
                var ready = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                answers.Add(host.RunTogetherAsync<int, int>(
                    _ =>
                    {
                        ready.SetResult();
                        return 0;
                    },
                    (_, inputs, token) =>
                    {
                        if (inputs.Count == 1)
                            throw new InvalidOperationException("alone");
                        begun.SetResult();
                        ended.SetResult(token.WaitHandle.WaitOne(TimeSpan.FromMinutes(1)));
                        throw new OperationCanceledException(token);
                    },
                    Terms(Quarter) with { CancellationToken = caller.Token }));
                await ready.Task.DefaultTimeout();
            }

            await SettledAsync(host, 2);
        }

        await begun.Task.DefaultTimeout();
        await first.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(answers[0].DefaultTimeout());
        ended.Task.IsCompleted.ShouldBeFalse();
        await second.CancelAsync();

        (await ended.Task.DefaultTimeout()).ShouldBeTrue();
        await Should.ThrowAsync<OperationCanceledException>(answers[1].DefaultTimeout());
    }

    private static CallTerms Terms(int units, string key = "key") => new(CancellationToken.None) { Kind = "kind", Batch = new CallBatch(key, units) };

    /// <summary>Sends calls while the model is busy, and lets it go on when all of their inputs are made.</summary>
    private async Task<List<Task<int>>> WhileBusyAsync(ModelHost<object> host, IEnumerable<(int Input, CallTerms Terms)> calls)
    {
        var answers = new List<Task<int>>();
        await using (await Blocker.OccupyAsync(host))
        {
            foreach (var (input, terms) in calls)
            {
                answers.Add(host.RunTogetherAsync(
                    _ => input,
                    (_, inputs, _) =>
                    {
                        _passes.Enqueue([.. inputs]);
                        return inputs.Contains(-1) ? throw new InvalidInputException("input", "-1", "negative", "send another") : Times10(inputs);
                    },
                    terms));
            }

            await SettledAsync(host, answers.Count);
        }

        return answers;
    }

    private static IReadOnlyList<int> Times10(IReadOnlyList<int> inputs) => [.. inputs.Select(input => input * 10)];

    // inputs of calls that do not share are made three at a time: those that wait for a slot need none to be ready
    private static async Task SettledAsync(ModelHost<object> host, int calls)
    {
        while (host.QueueLength < calls || host.IsPreparing)
            await Task.Yield();
    }
}
