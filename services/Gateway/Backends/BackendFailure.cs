using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;
using Realign.Balancing.Calls;
using Realign.Balancing.Replicas;
using Realign.Hosting.Errors;
using Status = Google.Rpc.Status;

namespace Realign.Gateway.Backends;

/// <summary>
/// Turns a backend's status into ours: its code and details stay, its ErrorInfo learns which backend failed at what. One that cannot be
/// reached, whose connection broke or that speaks something else is UNAVAILABLE; UNKNOWN, and CANCELLED by the backend, become INTERNAL.
/// </summary>
internal static class BackendFailure
{
    public static BackendException Translate(RpcException failure, CallScope scope)
    {
        var replica = (failure as ReplicaException)?.Replica;
        var problem = ProblemOf(failure, replica);
        var code = CodeOf(problem, failure.StatusCode);
        // a malformed details trailer must not hide the failure it came with
        var status = ReadDetails(failure) ?? new Status();
        status.Code = (int)code;
        status.Message = $"{scope.Step} failed: {Describe(problem, code, failure, scope.Backend, replica)}";
        if (scope.Step is "COARSE" or "REFINE")
            SpellFields(status);
        AddNames(status, ReasonOf(problem), scope, replica);
        return new BackendException(status.ToRpcException());
    }

    /// <summary>None of the replicas of a backend answers.</summary>
    public static BackendException Silent(CallScope scope)
    {
        var failure = new RpcException(new Grpc.Core.Status(StatusCode.Unavailable, ""));
        var replica = scope.Backend.Replicas.Replicas is [var first, ..] ? first : null;
        return Translate(new ReplicaException(failure, replica, PeerProblem.Silent), scope);
    }

    private static PeerProblem ProblemOf(RpcException failure, Replica? replica)
    {
        var problem = failure is ReplicaException known ? known.Problem : PeerProblems.Of(failure);
        // more time would not help
        return failure.StatusCode == StatusCode.DeadlineExceeded && replica?.State == ReplicaState.Silent ? PeerProblem.Silent : problem;
    }

    private static StatusCode CodeOf(PeerProblem problem, StatusCode code) => problem switch
    {
        PeerProblem.Unreachable or PeerProblem.Lost or PeerProblem.NotGrpc or PeerProblem.Silent or PeerProblem.Insecure =>
            StatusCode.Unavailable,
        PeerProblem.TooLarge => StatusCode.Internal,
        // a backend cannot cancel: only our caller can, and then nobody translates
        _ => code is StatusCode.Unknown or StatusCode.Cancelled or StatusCode.OK ? StatusCode.Internal : code,
    };

    private static string Describe(PeerProblem problem, StatusCode code, RpcException failure, Backend backend, Replica? replica)
    {
        var setting = backend.Setting;
        var (name, address) = Names(backend, replica);
        return problem switch
        {
            PeerProblem.Unreachable => $"{name} does not answer at {address}. Start it, or correct {setting}",
            PeerProblem.Insecure =>
                $"TLS with what listens at {address} failed: {Cause(failure)}. Look at its certificate, at Gateway:BackendCAFile and at {setting}",
            PeerProblem.Lost when address.StartsWith("https", StringComparison.Ordinal) =>
                $"the connection to {name} at {address} broke. Look at its log, and whether it takes Gateway:BackendCertificateFile",
            PeerProblem.Lost =>
                $"the connection to {name} at {address} broke. Its log says why; correct {setting} if something else listens there",
            PeerProblem.Silent => $"what listens at {address} takes connections and answers nothing. Restart the {name}; its log says what it did last",
            PeerProblem.NotGrpc when address.StartsWith("https", StringComparison.Ordinal) =>
                $"what listens at {address} does not speak gRPC, or does not take Gateway:BackendCertificateFile. Correct {setting}",
            PeerProblem.NotGrpc => $"what listens at {address} does not speak gRPC over HTTP/2, so it is no {name}. Correct {setting}",
            PeerProblem.TooLarge =>
                $"what listens at {address} announced a message above Hosting:MaxMessageMegabytes. Correct {setting}, or raise that limit if it "
                    + $"is the {name}",
            _ => code switch
            {
                StatusCode.DeadlineExceeded => $"{name} was not done in the time left for it. Give the call more time, or ask for fewer steps",
                StatusCode.Unimplemented => $"what listens at {address} is not a {name} of this version. Correct {setting}",
                _ => $"{name} at {address}: {failure.Status.Detail}",
            },
        };
    }

    // the innermost knows what is wrong with a certificate
    private static string Cause(RpcException failure)
    {
        var cause = failure.Status.DebugException;
        while (cause?.InnerException is { } inner)
            cause = inner;
        return (cause?.Message ?? failure.Status.Detail).TrimEnd('.');
    }

    private static string? ReasonOf(PeerProblem problem) => problem switch
    {
        PeerProblem.Unreachable => "BACKEND_UNREACHABLE",
        PeerProblem.Lost => "BACKEND_LOST",
        PeerProblem.Silent => "BACKEND_SILENT",
        PeerProblem.Insecure => "BACKEND_INSECURE",
        PeerProblem.NotGrpc or PeerProblem.TooLarge => "BACKEND_CONTRACT",
        _ => null,
    };

    /// <summary>A backend that broke its contract, e.g. a stream without its result.</summary>
    public static BackendException Broken(string problem, CallScope scope)
    {
        var status = new Status
        {
            Code = (int)Code.Internal,
            Message = $"{scope.Step} failed: {scope.Backend.Name} at {scope.Backend.Address} {problem}. Run the same version of both",
        };
        AddNames(status, "BACKEND_CONTRACT", scope, null);
        return new BackendException(status.ToRpcException());
    }

    private static Status? ReadDetails(RpcException failure)
    {
        try
        {
            return failure.GetRpcStatus();
        }
        catch (Exception exception) when (exception is Google.Protobuf.InvalidProtocolBufferException or FormatException)
        {
            return null;
        }
    }

    /// <summary>The Generator names fields of its own request, which is the field <c>generate</c> of the caller's.</summary>
    private static void SpellFields(Status status)
    {
        for (var i = 0; i < status.Details.Count; i++)
        {
            if (status.Details[i].TryUnpack<BadRequest>(out var bad))
            {
                foreach (var violation in bad.FieldViolations)
                    violation.Field = $"generate.{violation.Field}";
                status.Details[i] = Any.Pack(bad);
            }
            else if (status.Details[i].TryUnpack<ErrorInfo>(out var info) && info.Metadata.TryGetValue("field", out var field))
            {
                info.Metadata["field"] = $"generate.{field}";
                status.Details[i] = Any.Pack(info);
            }
        }
    }

    private static void AddNames(Status status, string? reason, CallScope scope, Replica? replica)
    {
        var (name, address) = Names(scope.Backend, replica);
        var info = new ErrorInfo();
        for (var i = status.Details.Count - 1; i >= 0; i--)
        {
            if (status.Details[i].Is(ErrorInfo.Descriptor))
            {
                info = status.Details[i].Unpack<ErrorInfo>();
                status.Details.RemoveAt(i);
            }
        }

        if (reason is not null)
            info.Reason = reason;
        else if (info.Reason.Length == 0)
            info.Reason = ReasonOf((StatusCode)status.Code);
        info.Domain = ExceptionMapping.Domain;
        info.Metadata[scope.StepKind] = scope.Step;
        info.Metadata["service"] = name;
        info.Metadata["address"] = address;
        status.Details.Insert(0, Any.Pack(info));
    }

    private static (string Name, string Address) Names(Backend backend, Replica? replica) =>
        replica is null ? (backend.Name, backend.Address) : (backend.NameOf(replica), replica.Address);

    private static string ReasonOf(StatusCode code) =>
        string.Concat(code.ToString().Select((letter, index) => index > 0 && char.IsUpper(letter) ? $"_{letter}" : $"{letter}")).ToUpperInvariant();
}
