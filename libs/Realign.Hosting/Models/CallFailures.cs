using Realign.Core.Errors;

namespace Realign.Hosting.Models;

/// <summary>What exceptions say about what kept a call from its answer.</summary>
internal static class CallFailures
{
    public static CallFailure Of(Exception failure) => failure switch
    {
        ResourceExhaustedException => CallFailure.Rejected,
        OperationCanceledException => CallFailure.Canceled,
        InvalidInputException or NotFoundException or UnavailableException => CallFailure.Other,
        _ => CallFailure.Backend,
    };
}
