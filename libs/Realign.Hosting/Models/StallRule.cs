namespace Realign.Hosting.Models;

/// <summary>When a model counts as stalled. It serves again as soon as the call in question has ended.</summary>
/// <param name="Factor">A call that computes for this many times as long as such calls take is stalled,</param>
/// <param name="Least">but never before this time.</param>
/// <param name="Unanswered">A call that still computes this long after its caller left is stalled however long such calls take.</param>
public sealed record StallRule(double Factor, TimeSpan Least, TimeSpan Unanswered)
{
    /// <summary>20 times as long as such calls take and at least five minutes; half a minute after the caller left.</summary>
    public static StallRule Default { get; } = new(20, TimeSpan.FromMinutes(5), TimeSpan.FromSeconds(30));

    /// <summary>What is wrong with a call; null when nothing is.</summary>
    /// <param name="name">Name of the model.</param>
    /// <param name="busy">How long it has computed.</param>
    /// <param name="sinceLeft">How long its caller has been gone; null while there is one.</param>
    /// <param name="expected">How long such calls take.</param>
    internal string? Check(string name, TimeSpan busy, TimeSpan? sinceLeft, TimeSpan expected)
    {
        if (sinceLeft > Unanswered)
            return $"{name} is stalled: a call whose caller left {sinceLeft.Value.TotalSeconds:0} s ago still computes";
        return busy > Least && busy > Factor * expected
            ? FormattableString.Invariant($"{name} is stalled: a call has computed for {busy.TotalSeconds:0} s; such calls take {expected.TotalSeconds:0.0} s")
            : null;
    }
}
