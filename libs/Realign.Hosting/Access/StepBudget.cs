namespace Realign.Hosting.Access;

/// <summary>How much work a key may ask for, in megapixel-steps: width x height x steps x images / 10^6. It comes back evenly over the window.</summary>
internal sealed class StepBudget
{
    private readonly TimeProvider _time;
    private readonly Lock _lock = new();
    private double _left;
    private long _at;

    /// <summary>Nothing is spent.</summary>
    /// <param name="limit">Most at once, and in a window on average.</param>
    /// <param name="window">Time in which all of it comes back.</param>
    /// <param name="time">Clock.</param>
    public StepBudget(double limit, TimeSpan window, TimeProvider time)
    {
        (Limit, Window, _time) = (limit, window, time);
        (_left, _at) = (limit, time.GetTimestamp());
    }

    /// <summary>Most at once.</summary>
    public double Limit { get; }

    /// <summary>Time in which all of it comes back.</summary>
    public TimeSpan Window { get; }

    /// <summary>
    /// Counts work. What is more than the whole is let through when nothing was spent, and work that others have been spent on already always: both are
    /// owed.
    /// </summary>
    /// <returns>Null when it may be done, else when it may.</returns>
    public TimeSpan? Spend(double amount, bool isContinuing)
    {
        lock (_lock)
        {
            var now = _time.GetTimestamp();
            _left = Math.Min(Limit, _left + (_time.GetElapsedTime(_at, now) / Window * Limit));
            _at = now;
            var needed = Math.Min(amount, Limit);
            if (!isContinuing && _left < needed)
                return Window * ((needed - _left) / Limit);
            _left -= amount;
            return null;
        }
    }
}
