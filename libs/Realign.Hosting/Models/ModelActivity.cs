namespace Realign.Hosting.Models;

/// <summary>What a model is busy with now, and how long it usually is. Used under its runner's lock.</summary>
internal sealed class ModelActivity(string name, StallRule rule, TimeProvider time)
{
    private readonly List<ModelJob> _jobs = [];

    /// <summary>Moving average of the calls; null before the first. Enough to tell a caller when to come back, and what is unusual.</summary>
    public TimeSpan? Average { get; private set; }

    /// <summary>Why the model counts as stalled; null when it does not.</summary>
    public string? Stall => _jobs.Select(Check).FirstOrDefault(problem => problem is not null);

    /// <summary>Its input begins to be made, or its work.</summary>
    public void Begin(ModelJob job, ModelJobState state)
    {
        job.State = state;
        job.ActiveSince = time.GetTimestamp();
        _jobs.Add(job);
    }

    /// <summary>Its work has ended.</summary>
    public void Measure(ModelJob job)
    {
        var busy = time.GetElapsedTime(job.ActiveSince);
        Average = Average is { } average ? (average * 7 / 8) + (busy / 8) : busy;
    }

    /// <summary>Nothing is done for it any more.</summary>
    public void End(ModelJob job) => _ = _jobs.Remove(job);

    private string? Check(ModelJob job) => rule.Check(
        name, time.GetElapsedTime(job.ActiveSince), job.LeftAt is { } left ? time.GetElapsedTime(left) : null, Average ?? TimeSpan.Zero);
}
