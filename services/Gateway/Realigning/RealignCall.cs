using Realign.Gateway.Verifying;
using Realign.Hosting.Access;
using Realign.V1;
using Realign.Wire.Prompts;

namespace Realign.Gateway.Realigning;

/// <summary>What all attempts of a call share.</summary>
/// <param name="Request">The checked request.</param>
/// <param name="Rights">What its caller may use.</param>
/// <param name="Events">What the caller is told.</param>
/// <param name="Demand">What the prompt demands.</param>
/// <param name="Arrival">When it arrived, UTC.</param>
/// <param name="Deadline">When its caller stops waiting, UTC.</param>
internal sealed record RealignCall(
    RealignRequest Request, CallerRights Rights, CallEvents Events, PromptDemand Demand, DateTime Arrival, DateTime Deadline)
{
    /// <summary>What the prompt says, without syntax: the readers know of none.</summary>
    public string Prompt { get; } = PromptTexts.Plain(Request.Generate);

    /// <summary>Attempts at most.</summary>
    public int Attempts => Request.HasAttempts ? Request.Attempts : 1;

    /// <summary>Which image becomes the result.</summary>
    public Accept Accept => Request.Accept == Accept.Unspecified ? Accept.Verified : Request.Accept;

    /// <summary>Whether the call ends well with the coarse image when a later stage of its first attempt fails.</summary>
    public bool GoesOn => Request.OnStageFailure == OnStageFailure.SkipToCoarse;
}
