namespace Realign.Gateway.Backends;

/// <summary>What a call to a backend inherits from the call that needs it.</summary>
/// <param name="Backend">Who is asked.</param>
/// <param name="Step">What for, as statuses name it: a stage such as <c>SCENE</c>, a reward such as <c>LIKELIHOOD</c>, or what is listed.</param>
/// <param name="StepKind"><c>stage</c>, <c>reward</c> or <c>list</c>.</param>
/// <param name="Deadline">When the answer must be there, UTC.</param>
/// <param name="CancellationToken">Fires when the caller left.</param>
internal sealed record CallScope(Backend Backend, string StepKind, string Step, DateTime Deadline, CancellationToken CancellationToken)
{
    /// <summary>Whether models have worked for the call already: all stages but the one that begins an attempt.</summary>
    public bool IsContinuing => StepKind == "stage" && Step != "COARSE";
}
