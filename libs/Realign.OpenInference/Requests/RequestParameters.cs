using Google.Protobuf.Collections;
using Inference;
using Realign.Core.Errors;
using ParameterCase = Inference.InferParameter.ParameterChoiceOneofCase;

namespace Realign.OpenInference.Requests;

/// <summary>The reserved parameters of a request that mean something here; others are passed over.</summary>
/// <param name="Timeout">Time the caller gives it; null = as much as its call has.</param>
/// <param name="Priority">1 = before others; null = what the metadata of its call say.</param>
/// <param name="EmptyFinalResponse">Whether a stream ends its answers with an empty one where the last has nothing to say.</param>
internal sealed record RequestParameters(TimeSpan? Timeout, ulong? Priority, bool EmptyFinalResponse)
{
    private const string TimeoutName = "timeout";
    private const string PriorityName = "priority";
    private const string EmptyFinalName = "triton_enable_empty_final_response";

    /// <summary>Reads them.</summary>
    /// <exception cref="InvalidInputException">One has another type or is negative.</exception>
    public static RequestParameters Read(MapField<string, InferParameter> parameters)
    {
        var timeout = Number(parameters, TimeoutName);
        var priority = Number(parameters, PriorityName);
        return new RequestParameters(
            timeout is > 0 and { } microseconds ? TimeSpan.FromMicroseconds(Math.Min(microseconds, long.MaxValue / TimeSpan.TicksPerMicrosecond / 2)) : null,
            priority > 0 ? priority : null,
            parameters.TryGetValue(EmptyFinalName, out var empty) && Flag(empty));
    }

    private static bool Flag(InferParameter parameter) => parameter.ParameterChoiceCase == ParameterCase.BoolParam
        ? parameter.BoolParam
        : throw Other(EmptyFinalName, parameter, "send bool_param");

    private static ulong? Number(MapField<string, InferParameter> parameters, string name)
    {
        if (!parameters.TryGetValue(name, out var parameter))
            return null;
        return parameter.ParameterChoiceCase switch
        {
            ParameterCase.Int64Param when parameter.Int64Param >= 0 => (ulong)parameter.Int64Param,
            ParameterCase.Uint64Param => parameter.Uint64Param,
            _ => throw Other(name, parameter, "send int64_param, 0 or more"),
        };
    }

    private static InvalidInputException Other(string name, InferParameter parameter, string wayOut) =>
        new($"parameters.{name}", parameter.ToString(), "it cannot be read", wayOut);
}
