using System.Reflection;
using Grpc.Core;
using Inference;
using Microsoft.Extensions.Logging;
using Realign.Hosting.Models;
using Realign.OpenInference.Models;
using Realign.OpenInference.Repository;
using Realign.OpenInference.Requests;
using Realign.OpenInference.Responses;
using Realign.OpenInference.Statistics;

namespace Realign.OpenInference;

/// <summary>The Open Inference Protocol, with the calls that Triton's clients make besides.</summary>
internal sealed class OpenInferenceGrpcService(
    ModelCatalog catalog, InferenceRunner runner, ModelRepository repository, ILogger<OpenInferenceGrpcService> logger)
    : GRPCInferenceService.GRPCInferenceServiceBase
{
    private static readonly string[] Extensions = ["model_repository", "model_configuration", "schedule_policy", "parameters", "statistics"];

    private static readonly string Version = typeof(OpenInferenceGrpcService).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()
        ?.InformationalVersion.Split('+')[0] ?? "0";

    public override Task<ServerLiveResponse> ServerLive(ServerLiveRequest request, ServerCallContext context) =>
        Task.FromResult(new ServerLiveResponse { Live = catalog.All.All(model => model.Served?.Status != ModelStatus.Stalled) });

    public override async Task<ServerReadyResponse> ServerReady(ServerReadyRequest request, ServerCallContext context)
    {
        var ready = await Task.WhenAll(catalog.All.Select(model => model.IsReadyAsync(context.CancellationToken)));
        return new ServerReadyResponse { Ready = ready.All(isReady => isReady) };
    }

    public override async Task<ModelReadyResponse> ModelReady(ModelReadyRequest request, ServerCallContext context) => new()
    {
        Ready = catalog.TryFind(request.Name) is { } model && (request.Version.Length == 0 || request.Version == ModelCatalog.VersionOf(model))
            && await model.IsReadyAsync(context.CancellationToken),
    };

    public override Task<ServerMetadataResponse> ServerMetadata(ServerMetadataRequest request, ServerCallContext context) =>
        Task.FromResult(new ServerMetadataResponse { Name = "realign", Version = Version, Extensions = { Extensions } });

    public override Task<ModelMetadataResponse> ModelMetadata(ModelMetadataRequest request, ServerCallContext context)
    {
        var model = catalog.Find("name", request.Name, request.Version);
        return Task.FromResult(InferenceResponses.Metadata(model.Signature, ModelCatalog.VersionOf(model)));
    }

    public override Task<ModelInferResponse> ModelInfer(ModelInferRequest request, ServerCallContext context) =>
        runner.RunAsync(request, RequestParameters.Read(request.Parameters), context, progress: null);

    public override Task ModelStreamInfer(
        IAsyncStreamReader<ModelInferRequest> requestStream, IServerStreamWriter<ModelStreamInferResponse> responseStream, ServerCallContext context) =>
        new InferenceStream(runner, responseStream, context, logger).RunAsync(requestStream);

    public override Task<ModelConfigResponse> ModelConfig(ModelConfigRequest request, ServerCallContext context) =>
        Task.FromResult(new ModelConfigResponse { Config = InferenceResponses.Config(catalog.Find("name", request.Name, request.Version).Signature) });

    public override Task<ModelStatisticsResponse> ModelStatistics(ModelStatisticsRequest request, ServerCallContext context)
    {
        var models = request.Name.Length == 0 ? catalog.All : [catalog.Find("name", request.Name, request.Version)];
        var response = new ModelStatisticsResponse();
        response.ModelStats.AddRange(models.Select(model => StatisticsMessages.Of(model.Signature.Name, ModelCatalog.VersionOf(model), model.Counts)));
        return Task.FromResult(response);
    }

    public override Task<RepositoryIndexResponse> RepositoryIndex(RepositoryIndexRequest request, ServerCallContext context) =>
        repository.IndexAsync(request, context.CancellationToken);

    public override async Task<RepositoryModelLoadResponse> RepositoryModelLoad(RepositoryModelLoadRequest request, ServerCallContext context)
    {
        await repository.LoadAsync(request, context.CancellationToken);
        return new RepositoryModelLoadResponse();
    }

    public override async Task<RepositoryModelUnloadResponse> RepositoryModelUnload(RepositoryModelUnloadRequest request, ServerCallContext context)
    {
        await repository.UnloadAsync(request, context.CancellationToken);
        return new RepositoryModelUnloadResponse();
    }

    public override Task<NotOffered> SystemSharedMemoryStatus(NotOffered request, ServerCallContext context) => throw NoSharedMemory();

    public override Task<NotOffered> SystemSharedMemoryRegister(NotOffered request, ServerCallContext context) => throw NoSharedMemory();

    public override Task<NotOffered> SystemSharedMemoryUnregister(NotOffered request, ServerCallContext context) => throw NoSharedMemory();

    public override Task<NotOffered> CudaSharedMemoryStatus(NotOffered request, ServerCallContext context) => throw NoSharedMemory();

    public override Task<NotOffered> CudaSharedMemoryRegister(NotOffered request, ServerCallContext context) => throw NoSharedMemory();

    public override Task<NotOffered> CudaSharedMemoryUnregister(NotOffered request, ServerCallContext context) => throw NoSharedMemory();

    public override Task<NotOffered> TraceSetting(NotOffered request, ServerCallContext context) =>
        throw Unimplemented("not offered: traces go where the standard OTEL_ variables of the service say");

    public override Task<NotOffered> LogSettings(NotOffered request, ServerCallContext context) =>
        throw Unimplemented("not offered: logging follows the settings of the service (Logging:LogLevel)");

    private static RpcException NoSharedMemory() => Unimplemented("shared memory is not offered: send data in raw_input_contents");

    private static RpcException Unimplemented(string message) => new(new Status(StatusCode.Unimplemented, message));
}
