namespace Realign.Hosting.Models;

/// <summary>What a model's thread does beside the calls.</summary>
/// <param name="Begin">First of all: loads the model.</param>
/// <param name="AfterFailure">After a call failed in a way that nobody foresaw, when its caller has been answered: checks the model.</param>
/// <param name="End">Last of all: disposes the model.</param>
internal sealed record ModelLife(Action<CancellationToken> Begin, Action<CancellationToken> AfterFailure, Action End)
{
    /// <summary>Nothing.</summary>
    public static ModelLife None { get; } = new(_ => { }, _ => { }, () => { });
}
