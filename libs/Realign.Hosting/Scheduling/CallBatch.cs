namespace Realign.Hosting.Scheduling;

/// <summary>What a call can share with others that wait: a model works on those of one key in one pass, as many as fit.</summary>
/// <param name="Key">What they must have in common, compared by value.</param>
/// <param name="Units">How much of a pass it takes, 1..<see cref="Full"/>.</param>
public sealed record CallBatch(object Key, int Units)
{
    /// <summary>A whole pass.</summary>
    public const int Full = 64;
}
