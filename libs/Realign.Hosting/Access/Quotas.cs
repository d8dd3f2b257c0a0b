using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Realign.Hosting.Errors;

namespace Realign.Hosting.Access;

/// <summary>What a caller is told who has used up what its key gives it.</summary>
internal static class Quotas
{
    /// <summary>RESOURCE_EXHAUSTED with the quota and the time to come back.</summary>
    /// <param name="reason">For ErrorInfo.</param>
    /// <param name="subject">Whose key it is.</param>
    /// <param name="metric">What is counted.</param>
    /// <param name="limit">Most of it.</param>
    /// <param name="message">In words, with the way out.</param>
    /// <param name="after">When there will be enough.</param>
    public static Status Failure(string reason, string subject, string metric, long limit, string message, TimeSpan after)
    {
        var status = ExceptionMapping.ToStatus(Code.ResourceExhausted, reason, message);
        var violation = new QuotaFailure.Types.Violation { Subject = subject, Description = message, QuotaMetric = metric, QuotaValue = limit };
        status.Details.Add(Any.Pack(new QuotaFailure { Violations = { violation } }));
        status.Details.Add(Any.Pack(new RetryInfo { RetryDelay = Duration.FromTimeSpan(after) }));
        return status;
    }
}
