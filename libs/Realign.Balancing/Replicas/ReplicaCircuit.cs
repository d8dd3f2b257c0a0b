namespace Realign.Balancing.Replicas;

/// <summary>Decides from what a replica answers whether calls are sent to it. Thread-safe.</summary>
/// <param name="silentAfter">Time without any answer after which it counts as silent.</param>
/// <param name="time">The clock.</param>
internal sealed class ReplicaCircuit(TimeSpan silentAfter, TimeProvider time)
{
    private readonly Lock _lock = new();
    private ReplicaState _state;
    private bool _hasAnswered;
    private long _lastAnswer = time.GetTimestamp();

    /// <summary>What is known of it.</summary>
    public ReplicaState State
    {
        get
        {
            lock (_lock)
                return _state;
        }
    }

    /// <summary>Whether it ever answered as a gRPC service does: what is away now was there, and may come back.</summary>
    public bool HasAnswered
    {
        get
        {
            lock (_lock)
                return _hasAnswered;
        }
    }

    /// <summary>It answered a question for its health.</summary>
    public void Answered(bool isServing) => Hear(isServing ? ReplicaState.Serving : ReplicaState.NotServing);

    /// <summary>It sent something in a call.</summary>
    public void Spoke() => Hear(null);

    /// <summary>Nothing listens there, or the connection broke.</summary>
    public void Refused() => Set(ReplicaState.Unreachable);

    /// <summary>What it answers is no gRPC.</summary>
    public void Garbled() => Set(ReplicaState.NotServing);

    /// <summary>A question for its health was not answered in time.</summary>
    /// <returns>Whether it has just become silent.</returns>
    public bool TimedOut()
    {
        lock (_lock)
        {
            if (_state == ReplicaState.Silent || time.GetElapsedTime(_lastAnswer) < silentAfter)
                return false;
            _state = ReplicaState.Silent;
            return true;
        }
    }

    private void Hear(ReplicaState? state)
    {
        lock (_lock)
        {
            _hasAnswered = true;
            _lastAnswer = time.GetTimestamp();
            _state = state ?? (_state > ReplicaState.NotServing ? ReplicaState.Serving : _state);
        }
    }

    // a refusal is an answer too: whoever refuses is not silent
    private void Set(ReplicaState state)
    {
        lock (_lock)
        {
            _lastAnswer = time.GetTimestamp();
            _state = state;
        }
    }
}
