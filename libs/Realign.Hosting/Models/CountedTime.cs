namespace Realign.Hosting.Models;

/// <summary>How often something happened, and how long it took altogether.</summary>
/// <param name="Count">How often.</param>
/// <param name="Total">All times together.</param>
public readonly record struct CountedTime(long Count, TimeSpan Total)
{
    /// <summary>Nanoseconds of all times together.</summary>
    public long Nanoseconds => Total.Ticks * TimeSpan.NanosecondsPerTick;

    /// <summary>Once more.</summary>
    public CountedTime With(TimeSpan time) => new(Count + 1, Total + time);

    /// <summary>Both together.</summary>
    public CountedTime With(CountedTime other) => new(Count + other.Count, Total + other.Total);
}
