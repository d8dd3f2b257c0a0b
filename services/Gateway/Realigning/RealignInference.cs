using System.Diagnostics;
using Grpc.Core;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Realign.Gateway.Backends;
using Realign.Hosting.Models;
using Realign.OpenInference.Generation;
using Realign.OpenInference.Models;
using Realign.OpenInference.Requests;
using Realign.OpenInference.Responses;
using Realign.OpenInference.Tensors;
using Realign.V1;
using Realign.Wire.Requests;

namespace Realign.Gateway.Realigning;

/// <summary>The flow in the Open Inference Protocol: one model that consists of those behind the Gateway.</summary>
internal sealed class RealignInference(GatewayGrpcService service, HealthCheckService health, TimeProvider time) : IInferenceModel
{
    /// <summary>Its name.</summary>
    public const string ModelName = "realigndiff";

    private const string Attempts = "attempts";
    private readonly ModelCounters _counters = new();

    public ModelSignature Signature { get; } = new(ModelName, "ensemble", "/realign.v1.GatewayService/Realign",
        [.. GenerationTensors.Inputs, new TensorSpec(Attempts, TensorType.Int32, 1) { IsOptional = true }], GenerationTensors.Outputs)
    {
        IsDecoupled = true,
        Fields = GenerationTensors.Fields("generate."),
    };

    public IServedModel? Served => null;

    public ModelCounts Counts => _counters.Read();

    public async Task<bool> IsReadyAsync(CancellationToken cancellationToken) =>
        (await health.CheckHealthAsync(check => BackendHealth.IsNeeded(check.Name), cancellationToken)).Status == HealthStatus.Healthy;

    public async Task<InferenceAnswer> InferAsync(InferenceRequest request, ServerCallContext context, Func<InferenceAnswer, Task>? progress)
    {
        var start = time.GetTimestamp();
        try
        {
            var answer = await RunAsync(request, context, progress);
            _counters.Worked(time.GetElapsedTime(start));
            _counters.Ended(null, time.GetElapsedTime(start), time.GetUtcNow());
            return answer;
        }
        catch (Exception exception)
        {
            _counters.Ended(exception, time.GetElapsedTime(start), time.GetUtcNow());
            throw;
        }
    }

    private async Task<InferenceAnswer> RunAsync(InferenceRequest request, ServerCallContext context, Func<InferenceAnswer, Task>? progress)
    {
        var call = new RealignRequest { Generate = GenerationTensors.Read(request) };
        if (request.Find(Attempts) is { } attempts)
            call.Attempts = attempts.Int32s()[0];
        RealignResult? result = null;
        await service.Realign(call, new EventWriter<RealignResponse>(async happened =>
        {
            result = happened.Result ?? result;
            if (progress is null)
                return;
            var told = happened switch
            {
                { Progress: { } step } => GenerationTensors.Of(step),
                { Preview: { } preview } => GenerationTensors.Of(preview),
                _ => null,
            };
            if (told is not null)
                await progress(told.With("stage", ProtoNames.Short(happened.Stage)).With("attempt", happened.Attempt));
        }), context);
        return Answer(result!);
    }

    private static InferenceAnswer Answer(RealignResult result) => GenerationTensors.Of([result.Png])
        .With("refined", result.Refined)
        .With("not_refined_because", result.NotRefinedBecause)
        .With("verified", result.Verification?.Verified ?? false)
        .With("attempt", result.Accepted.Attempt)
        .With("accepted_because", ProtoNames.Short(result.Accepted.Reason))
        .With("total_milliseconds", result.TotalMilliseconds)
        .With("trace_id", Activity.Current?.TraceId.ToString() ?? "");
}
