namespace Realign.Cli.Benching;

/// <summary>When calls are made.</summary>
internal interface ILoad
{
    /// <summary>What <see cref="Level"/> counts: <c>concurrency</c> or <c>rate</c>.</summary>
    string Kind { get; }

    /// <summary>Calls at once, or calls a second.</summary>
    double Level { get; }

    /// <summary>Makes calls until it is stopped; ends with the last of them.</summary>
    /// <param name="call">Makes the call that is due at a time, for a tenant. It does not throw.</param>
    /// <param name="clock">The clock.</param>
    /// <param name="stop">Fires when no more are to be made.</param>
    Task RunAsync(Func<TimeSpan, string, Task> call, BenchClock clock, CancellationToken stop);
}
