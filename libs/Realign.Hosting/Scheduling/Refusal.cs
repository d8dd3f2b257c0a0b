using Realign.Core.Errors;

namespace Realign.Hosting.Scheduling;

/// <summary>Why a model does not work on a call, and when it may.</summary>
/// <param name="Reason">Why.</param>
/// <param name="RetryAfter">When it makes sense to ask again; more than 0.</param>
/// <param name="Wait">Time until the model could begin.</param>
/// <param name="Work">Time it would then take.</param>
internal sealed record Refusal(RefusalReason Reason, TimeSpan RetryAfter, TimeSpan Wait, TimeSpan Work)
{
    /// <summary>What its caller is told.</summary>
    /// <param name="model">Name of the model.</param>
    /// <param name="capacity">Calls that may wait for it.</param>
    public ResourceExhaustedException ToException(string model, int capacity) => Reason switch
    {
        RefusalReason.QueueFull => new ResourceExhaustedException(
            $"the queue of {model} is full ({capacity} calls wait)", "ask again later, send fewer calls at once, or add a replica", RetryAfter),
        RefusalReason.PlaceTaken => new ResourceExhaustedException(
            $"the queue of {model} is full ({capacity} calls wait), and its place went to a call of a tenant with fewer, or of a flow already begun",
            "ask again later, send fewer calls at once, or add a replica", RetryAfter),
        RefusalReason.TooLong => new ResourceExhaustedException(
            FormattableString.Invariant($"{model} takes about {Work.TotalSeconds:0.###} s for such a call, more than it was given"),
            "give the call more time, or ask for less", RetryAfter),
        _ => new ResourceExhaustedException(
            FormattableString.Invariant($"{model} could begin in about {Wait.TotalSeconds:0.###} s and takes {Work.TotalSeconds:0.###} s for such a call")
                + ", more than is left of its time",
            "ask again later, give the call more time, or add a replica", RetryAfter),
    };
}
