using Realign.Hosting.Scheduling;

namespace Realign.Hosting.Tests.Simulated;

/// <summary>A call of a <see cref="SimulatedModel"/>.</summary>
/// <param name="terms">Its terms.</param>
/// <param name="duration">How long it takes.</param>
internal sealed class SimulatedCall(CallTerms terms, TimeSpan duration) : ScheduledCall(terms)
{
    public TimeSpan Duration { get; } = duration;

    /// <summary>When it came.</summary>
    public TimeSpan ArrivedAt { get; set; }

    /// <summary>When its work ended; null when it did not.</summary>
    public TimeSpan? EndedAt { get; set; }

    /// <summary>Why and when it was refused or dropped; null when it was not.</summary>
    public (Refusal Why, TimeSpan At)? Refused { get; set; }

    public override string ToString() =>
        $"{Terms.Tenant} {Terms.Priority} {Duration.TotalMilliseconds} ms of {Terms.TimeLeft?.TotalMilliseconds} ms at {ArrivedAt}";
}
