using System.Net.Sockets;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;
using Realign.Hosting.Errors;
using Status = Google.Rpc.Status;

namespace Realign.Gateway.Backends;

/// <summary>
/// Turns a backend's status into ours: its code and details stay, its ErrorInfo learns which backend failed at what. A backend that
/// cannot be reached, or whose connection broke, is UNAVAILABLE; UNKNOWN becomes INTERNAL.
/// </summary>
internal static class BackendFailure
{
    public static BackendException Translate(RpcException failure, CallScope scope)
    {
        var backend = scope.Backend;
        var lost = IsConnectionLost(failure);
        var code = lost ? StatusCode.Unavailable : failure.StatusCode == StatusCode.Unknown ? StatusCode.Internal : failure.StatusCode;
        // a malformed details trailer must not hide the failure it came with
        var status = ReadDetails(failure) ?? new Status();
        status.Code = (int)code;
        status.Message = code switch
        {
            _ when lost => $"{scope.Step} failed: {backend.Name} does not answer at {backend.Address}. Start it, or correct Gateway:{SettingName(backend)}",
            StatusCode.DeadlineExceeded => $"{scope.Step} failed: {backend.Name} was not done in the time left for it. Give the call more time, or ask for fewer steps",
            StatusCode.Unimplemented => $"{scope.Step} failed: what listens at {backend.Address} is not a {backend.Name} of this version. Correct Gateway:{SettingName(backend)}",
            _ => $"{scope.Step} failed: {backend.Name}: {failure.Status.Detail}",
        };
        if (scope.Step is "COARSE" or "REFINE")
            SpellFields(status);
        AddNames(status, lost ? "BACKEND_UNREACHABLE" : null, scope);
        return new BackendException(status.ToRpcException());
    }

    /// <summary>A backend that broke its contract, e.g. a stream without its result.</summary>
    public static BackendException Broken(string problem, CallScope scope)
    {
        var status = new Status { Code = (int)Code.Internal, Message = $"{scope.Step} failed: {scope.Backend.Name} {problem}. Run the same version of both" };
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

    private static bool IsConnectionLost(RpcException failure)
    {
        if (failure.StatusCode is not (StatusCode.Unavailable or StatusCode.Internal or StatusCode.Unknown or StatusCode.Cancelled))
            return false;
        for (var cause = failure.Status.DebugException; cause is not null; cause = cause.InnerException)
        {
            if (cause is HttpRequestException or SocketException or IOException)
                return true;
        }

        return false;
    }

    private static string ReasonOf(StatusCode code) =>
        string.Concat(code.ToString().Select((letter, index) => index > 0 && char.IsUpper(letter) ? $"_{letter}" : $"{letter}")).ToUpperInvariant();

    private static string SettingName(Backend backend) => string.Concat(backend.Name.Split('-').Select(part => char.ToUpperInvariant(part[0]) + part[1..]));
}
