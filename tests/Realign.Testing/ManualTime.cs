namespace Realign.Testing;

/// <summary>A clock that stands still until a test moves it. Timers run by the real one.</summary>
public sealed class ManualTime : TimeProvider
{
    private long _ticks;

    /// <inheritdoc/>
    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <inheritdoc/>
    public override long GetTimestamp() => Interlocked.Read(ref _ticks);

    /// <summary>Moves it.</summary>
    public void Advance(TimeSpan time) => _ = Interlocked.Add(ref _ticks, time.Ticks);
}
