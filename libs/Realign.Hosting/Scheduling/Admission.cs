namespace Realign.Hosting.Scheduling;

/// <summary>What became of a call that asked for a place.</summary>
/// <param name="Refusal">Why it got none; null when it did.</param>
/// <param name="Evicted">The call that lost its place to it.</param>
internal readonly record struct Admission<TCall>(Refusal? Refusal, Dropped<TCall>? Evicted)
    where TCall : ScheduledCall;
