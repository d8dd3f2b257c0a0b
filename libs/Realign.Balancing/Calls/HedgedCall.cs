using Grpc.Core;
using Realign.Balancing.Replicas;

namespace Realign.Balancing.Calls;

/// <summary>
/// One attempt of a unary call that is made a second time, elsewhere, when it takes longer than 95 of 100 calls of its method do at the fastest
/// replica. The first good answer counts, the other call is cancelled, and a replica that lost counts as busy for a while.
/// </summary>
/// <param name="replicas">Where it may be made.</param>
/// <param name="time">The clock.</param>
/// <param name="method">Full name of the method.</param>
/// <param name="send">Makes the call at a replica.</param>
internal sealed class HedgedCall<TResponse>(
    ReplicaSet replicas, TimeProvider time, string method, Func<Replica, CallOptions, AsyncUnaryCall<TResponse>> send)
{
    // timers are no finer
    private static readonly TimeSpan _shortestDelay = TimeSpan.FromMilliseconds(1);

    /// <summary>Makes it.</summary>
    /// <param name="first">The attempt.</param>
    /// <param name="options">Options of the whole call.</param>
    /// <exception cref="RpcException">What the attempt failed with.</exception>
    public async Task<TResponse> RunAsync(ReplicaCall first, CallOptions options)
    {
        replicas.Hedges.Earn();
        var answer = AskAsync(first);
        if (replicas.HedgeDelay(method) is not { } delay || !await IsLateAsync(answer, delay)
            || replicas.Hedge(first.Replica) is not { } other)
            return await answer;
        using var second = new ReplicaCall(other, options);
        var hedge = AskAsync(second);
        var finished = await Task.WhenAny(answer, hedge);
        if (finished == hedge && hedge.IsCompletedSuccessfully)
        {
            first.Replica.Lost();
            await LeaveAsync(first, answer);
            return await hedge;
        }

        if (answer.IsCompletedSuccessfully)
        {
            await LeaveAsync(second, hedge);
            return await answer;
        }

        // one of them has failed: what the other one answers counts
        if (finished == answer && await EndsWellAsync(hedge))
        {
            Tell(first, answer);
            return await hedge;
        }

        if (hedge.IsFaulted)
            Tell(second, hedge);
        return await answer;
    }

    private async Task<TResponse> AskAsync(ReplicaCall attempt)
    {
        var start = time.GetTimestamp();
        using var call = send(attempt.Replica, attempt.Options);
        var answer = await call.ResponseAsync;
        attempt.Replica.Answered(call.GetTrailers());
        attempt.Replica.Latencies.Add(method, time.GetElapsedTime(start));
        return answer;
    }

    private async Task<bool> IsLateAsync(Task<TResponse> answer, TimeSpan delay)
    {
        using var done = new CancellationTokenSource();
        if (await Task.WhenAny(answer, Task.Delay(delay > _shortestDelay ? delay : _shortestDelay, time, done.Token)) != answer)
            return true;
        await done.CancelAsync();
        return false;
    }

    private static async Task<bool> EndsWellAsync(Task<TResponse> answer)
    {
        await ((Task)answer).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return answer.IsCompletedSuccessfully;
    }

    private static async Task LeaveAsync(ReplicaCall attempt, Task<TResponse> answer)
    {
        attempt.Leave();
        _ = await EndsWellAsync(answer);
    }

    private static void Tell(ReplicaCall attempt, Task<TResponse> failed)
    {
        if (failed.Exception?.InnerException is RpcException failure)
            _ = attempt.Judge(failure);
    }
}
