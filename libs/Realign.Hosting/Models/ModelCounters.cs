namespace Realign.Hosting.Models;

/// <summary>Counts the calls of a model, of all its versions together.</summary>
public sealed class ModelCounters
{
    private readonly Lock _guard = new();
    private readonly Dictionary<CallFailure, CountedTime> _failures = Enum.GetValues<CallFailure>().ToDictionary(failure => failure, _ => default(CountedTime));
    private CountedTime _success;
    private CountedTime _queue;
    private CountedTime _compute;
    private DateTimeOffset? _last;

    /// <summary>What was counted so far.</summary>
    public ModelCounts Read()
    {
        lock (_guard)
            return new ModelCounts(_success, new Dictionary<CallFailure, CountedTime>(_failures), _queue, _compute, _last);
    }

    /// <summary>A call waited, and the model works on it now.</summary>
    public void Waited(TimeSpan time)
    {
        lock (_guard)
            _queue = _queue.With(time);
    }

    /// <summary>The model worked on a call.</summary>
    public void Worked(TimeSpan time)
    {
        lock (_guard)
            _compute = _compute.With(time);
    }

    /// <summary>A call has ended.</summary>
    /// <param name="failure">What kept it from its answer; null = it has one.</param>
    /// <param name="time">From its arrival.</param>
    /// <param name="now">The clock.</param>
    public void Ended(Exception? failure, TimeSpan time, DateTimeOffset now)
    {
        lock (_guard)
        {
            if (failure is null)
            {
                _success = _success.With(time);
                _last = now;
                return;
            }

            var kind = CallFailures.Of(failure);
            _failures[kind] = _failures[kind].With(time);
        }
    }
}
