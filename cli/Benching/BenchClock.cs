namespace Realign.Cli.Benching;

/// <summary>Time since the beginning of a load.</summary>
internal sealed class BenchClock(TimeProvider time)
{
    private readonly long _start = time.GetTimestamp();

    public TimeSpan Now => time.GetElapsedTime(_start);

    /// <summary>Waits until a moment has come, or the token fires.</summary>
    /// <returns>Whether it has come.</returns>
    public async Task<bool> UntilAsync(TimeSpan moment, CancellationToken cancellationToken)
    {
        if (moment - Now is var wait && wait > TimeSpan.Zero)
            await Task.Delay(wait, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return !cancellationToken.IsCancellationRequested;
    }
}
