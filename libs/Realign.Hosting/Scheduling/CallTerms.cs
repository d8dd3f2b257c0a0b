using Grpc.Core;
using Realign.Core.Calls;
using Realign.Core.Errors;

namespace Realign.Hosting.Scheduling;

/// <summary>What decides when a model works on a call.</summary>
/// <param name="CancellationToken">Fires when the caller left.</param>
public sealed record CallTerms(CancellationToken CancellationToken)
{
    /// <summary>What kind of work it is: the cost of each kind is learned apart, so there must be few of them.</summary>
    public string Kind { get; init; } = "";

    /// <summary>How much of it there is, more than 0 and in a unit of its kind, e.g. steps times pixels: time is learned as a line over it.</summary>
    public double Size { get; init; } = 1;

    /// <summary>Whose it is: tenants that want more than there is get equal parts.</summary>
    public string Tenant { get; init; } = "";

    /// <summary>What has been spent on it already.</summary>
    public CallPriority Priority { get; init; }

    /// <summary>Whether its work lets others go before it between its steps.</summary>
    public bool Yields { get; init; }

    /// <summary>What it can share with others of its kind; null = it is worked on alone. Work that yields is never shared.</summary>
    public CallBatch? Batch { get; init; }

    /// <summary>For how long its caller will wait; null = for ever.</summary>
    public TimeSpan? TimeLeft { get; init; }

    /// <summary>The terms of a gRPC call: its method, deadline, token, and metadata (<see cref="CallMetadata"/>).</summary>
    /// <param name="context">The call.</param>
    /// <param name="size">As <see cref="Size"/>.</param>
    /// <exception cref="InvalidInputException">The metadata are unusable.</exception>
    public static CallTerms Of(ServerCallContext context, double size = 1)
    {
        ArgumentNullException.ThrowIfNull(context);
        return new CallTerms(context.CancellationToken)
        {
            Kind = context.Method,
            Size = size,
            Tenant = CallMetadata.ReadTenant(context.RequestHeaders.GetValue(CallMetadata.Tenant)),
            Priority = PriorityOf(context.RequestHeaders.GetValue(CallMetadata.Priority)),
            TimeLeft = context.Deadline == DateTime.MaxValue ? null : context.Deadline - TimeProvider.System.GetUtcNow().UtcDateTime,
        };
    }

    private static CallPriority PriorityOf(string? name) => name switch
    {
        null or CallMetadata.Normal => CallPriority.Normal,
        CallMetadata.Continuing => CallPriority.Continuing,
        _ => throw new InvalidInputException(CallMetadata.Priority, name, "there is no such priority", "send normal or continuing, or leave it out"),
    };
}
