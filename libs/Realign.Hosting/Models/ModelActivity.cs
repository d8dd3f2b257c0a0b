namespace Realign.Hosting.Models;

/// <summary>What a model is busy with now. Used under its runner's lock.</summary>
internal sealed class ModelActivity(string name, StallRule rule, TimeProvider time, Func<ModelJob, TimeSpan> expected)
{
    private readonly List<ModelJob> _jobs = [];

    /// <summary>Why the model counts as stalled; null when it does not.</summary>
    public string? Stall => _jobs.Select(Check).FirstOrDefault(problem => problem is not null);

    /// <summary>Its input begins to be made, or its work.</summary>
    public void Begin(ModelJob job, ModelJobState state)
    {
        job.State = state;
        job.ActiveSince = time.GetTimestamp();
        _jobs.Add(job);
    }

    /// <summary>Nothing is done for it any more.</summary>
    public void End(ModelJob job) => _ = _jobs.Remove(job);

    private string? Check(ModelJob job) => rule.Check(
        name, time.GetElapsedTime(job.ActiveSince), job.AbandonedAt is { } left ? time.GetElapsedTime(left) : null, expected(job));
}
