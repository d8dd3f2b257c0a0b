namespace Realign.Hosting.Scheduling;

/// <summary>A call between its admission and its end, as the scheduler sees it. All of it belongs to the scheduler.</summary>
internal class ScheduledCall(CallTerms terms)
{
    /// <summary>What it asked for.</summary>
    public CallTerms Terms { get; } = terms;

    /// <summary>Place in the order of admission.</summary>
    public long Number { get; set; }

    /// <summary>When its caller stops waiting, on the scheduler's clock; null = never.</summary>
    public TimeSpan? Deadline { get; set; }

    /// <summary>It was let in although its estimate says that it cannot end in time, to see whether the estimate is right.</summary>
    public bool IsTrial { get; set; }

    /// <summary>When its work began, on the scheduler's clock.</summary>
    public TimeSpan StartedAt { get; set; }

    /// <summary>What its tenant had been served when its work began.</summary>
    public double StartTag { get; set; }

    /// <summary>Seconds that its tenant was charged for it in advance.</summary>
    public double Charged { get; set; }

    /// <summary>Those that are worked on together with it.</summary>
    public IReadOnlyList<ScheduledCall> Joined { get; set; } = [];

    /// <summary>How much work it is, those that joined it included; as <see cref="CallTerms.Size"/>.</summary>
    public double WorkSize => Terms.Size + Joined.Sum(call => call.Terms.Size);

    /// <summary>How long its work stood still for calls that went before it.</summary>
    public TimeSpan Paused { get; set; }
}
