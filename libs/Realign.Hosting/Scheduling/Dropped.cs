namespace Realign.Hosting.Scheduling;

/// <summary>A call that had a place and lost it.</summary>
/// <param name="Call">The call.</param>
/// <param name="Refusal">Why.</param>
internal sealed record Dropped<TCall>(TCall Call, Refusal Refusal)
    where TCall : ScheduledCall;
