using Realign.Hosting.Scheduling;

namespace Realign.Hosting.Models;

/// <summary>
/// One call of a model, from its admission to its answer. Everything but <see cref="Watch"/> and the work itself happens under the runner's lock.
/// </summary>
internal abstract class ModelJob(CallTerms terms) : ScheduledCall(terms)
{
    private CancellationTokenRegistration _registration;

    /// <summary>The caller's token.</summary>
    public CancellationToken Caller => Terms.CancellationToken;

    /// <summary>Where it is.</summary>
    public ModelJobState State { get; set; }

    /// <summary>It holds one of the model's input slots.</summary>
    public bool HasInputSlot { get; set; }

    /// <summary>When it came.</summary>
    public long AdmittedAt { get; set; }

    /// <summary>When its input began to be made, or its work.</summary>
    public long ActiveSince { get; set; }

    /// <summary>When its caller left; null while there is one.</summary>
    public long? LeftAt { get; set; }

    /// <summary>When the last of those it is worked on for left; null while there is one.</summary>
    public long? AbandonedAt => Members.Max(member => member.LeftAt ?? long.MaxValue) is var last and < long.MaxValue ? last : null;

    /// <summary>It and those that are worked on together with it.</summary>
    public IEnumerable<ModelJob> Members => Joined.Cast<ModelJob>().Prepend(this);

    /// <summary>Calls back, at once if need be, when the caller leaves.</summary>
    public void Watch(Action<ModelJob> leave) => _registration = Caller.Register(() => leave(this));

    /// <summary>Makes the input, on a thread of its own.</summary>
    /// <returns>What went wrong; null when the input is ready.</returns>
    public abstract Exception? Prepare(CancellationToken stopping);

    /// <summary>Does the work, that of those who joined included, on the model's thread.</summary>
    /// <returns>What went wrong, with one of them at least; null when all of it succeeded.</returns>
    public abstract Exception? Run(CancellationToken stopping);

    /// <summary>What went wrong with its own work; null when nothing did. After the work.</summary>
    public abstract Exception? Failure { get; }

    /// <summary>Answers with what <see cref="Run"/> came to, unless there is an answer already.</summary>
    public abstract void Finish();

    /// <summary>Answers with a failure, unless there is an answer already.</summary>
    public abstract void Fail(Exception exception);

    /// <summary>Lets go of the caller's token.</summary>
    public void Unwatch() => _ = _registration.Unregister();
}
