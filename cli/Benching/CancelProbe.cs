using Grpc.Core;

namespace Realign.Cli.Benching;

/// <summary>How soon a service takes a small call after a caller in the middle of a long one has left.</summary>
/// <param name="call">The long call.</param>
/// <param name="small">The small call.</param>
/// <param name="invoker">Where.</param>
/// <param name="settings">Deadline of each call.</param>
/// <param name="time">The clock.</param>
internal sealed class CancelProbe(BenchCall call, BenchCall small, CallInvoker invoker, BenchSettings settings, TimeProvider time)
{
    /// <summary>How often it is tried.</summary>
    public const int Rounds = 10;

    /// <summary>Measures it.</summary>
    /// <param name="after">How long the long call runs.</param>
    /// <param name="seen">Told how many rounds are over.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="CliException">The long call is over by itself before that.</exception>
    public async Task<CancelLatency> RunAsync(TimeSpan after, Action<int> seen, CancellationToken cancellationToken)
    {
        var (idle, cancelled) = (new List<double>(), new List<double>());
        for (var round = 0; round < Rounds; round++)
        {
            idle.Add(await SmallAsync(cancellationToken));
            using (var leave = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken))
            {
                var running = call.RunAsync(invoker, Options(leave.Token), () => { });
                await Task.WhenAny(running, Task.Delay(after, time, cancellationToken));
                if (running.IsCompleted)
                    throw new CliException(
                        FormattableString.Invariant($"the call was over ({await running}) before {after.TotalSeconds} s: leave it sooner with ")
                        + "--cancel-after, or make it longer (e.g. --num-inference-steps 200)", ExitCodes.Usage);
                await leave.CancelAsync();
            }

            cancelled.Add(await SmallAsync(cancellationToken));
            seen(round + 1);
        }

        return new CancelLatency(LatencySummary.Of(idle)!, LatencySummary.Of(cancelled)!);
    }

    private async Task<double> SmallAsync(CancellationToken cancellationToken)
    {
        var start = time.GetTimestamp();
        await small.SendAsync(invoker, Options(cancellationToken), () => { });
        return time.GetElapsedTime(start).TotalMilliseconds;
    }

    private CallOptions Options(CancellationToken token) => new(deadline: time.GetUtcNow().UtcDateTime + settings.Deadline, cancellationToken: token);
}
