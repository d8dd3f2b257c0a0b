using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;
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
        var problem = PeerProblems.Of(failure);
        var code = CodeOf(problem, failure.StatusCode);
        // a malformed details trailer must not hide the failure it came with
        var status = ReadDetails(failure) ?? new Status();
        status.Code = (int)code;
        status.Message = $"{scope.Step} failed: {Describe(problem, code, failure, scope.Backend)}";
        if (scope.Step is "COARSE" or "REFINE")
            SpellFields(status);
        AddNames(status, ReasonOf(problem), scope);
        return new BackendException(status.ToRpcException());
    }

    private static StatusCode CodeOf(PeerProblem problem, StatusCode code) => problem switch
    {
        PeerProblem.Unreachable or PeerProblem.Lost or PeerProblem.NotGrpc => StatusCode.Unavailable,
        PeerProblem.TooLarge => StatusCode.Internal,
        // a backend cannot cancel: only our caller can, and then nobody translates
        _ => code is StatusCode.Unknown or StatusCode.Cancelled or StatusCode.OK ? StatusCode.Internal : code,
    };

    private static string Describe(PeerProblem problem, StatusCode code, RpcException failure, Backend backend)
    {
        var setting = backend.Setting;
        return problem switch
        {
            PeerProblem.Unreachable => $"{backend.Name} does not answer at {backend.Address}. Start it, or correct {setting}",
            PeerProblem.Lost =>
                $"the connection to {backend.Name} at {backend.Address} broke. Its log says why; correct {setting} if something else listens there",
            PeerProblem.NotGrpc => $"what listens at {backend.Address} does not speak gRPC over HTTP/2, so it is no {backend.Name}. Correct {setting}",
            PeerProblem.TooLarge =>
                $"what listens at {backend.Address} announced a message above Hosting:MaxMessageMegabytes. Correct {setting}, or raise that limit if it "
                    + $"is the {backend.Name}",
            _ => code switch
            {
                StatusCode.DeadlineExceeded => $"{backend.Name} was not done in the time left for it. Give the call more time, or ask for fewer steps",
                StatusCode.Unimplemented => $"what listens at {backend.Address} is not a {backend.Name} of this version. Correct {setting}",
                _ => $"{backend.Name} at {backend.Address}: {failure.Status.Detail}",
            },
        };
    }

    private static string? ReasonOf(PeerProblem problem) => problem switch
    {
        PeerProblem.Unreachable => "BACKEND_UNREACHABLE",
        PeerProblem.Lost => "BACKEND_LOST",
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
        AddNames(status, "BACKEND_CONTRACT", scope);
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

    private static void AddNames(Status status, string? reason, CallScope scope)
    {
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
        info.Metadata["service"] = scope.Backend.Name;
        info.Metadata["address"] = scope.Backend.Address;
        status.Details.Insert(0, Any.Pack(info));
    }

    private static string ReasonOf(StatusCode code) =>
        string.Concat(code.ToString().Select((letter, index) => index > 0 && char.IsUpper(letter) ? $"_{letter}" : $"{letter}")).ToUpperInvariant();
}
