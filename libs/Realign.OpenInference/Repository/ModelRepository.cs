using Grpc.Core;
using Inference;
using Microsoft.Extensions.Options;
using Realign.Core.Errors;
using Realign.Hosting;
using Realign.Hosting.Errors;
using Realign.Hosting.Models;
using Realign.OpenInference.Models;

namespace Realign.OpenInference.Repository;

/// <summary>What is loaded, and what is to be. Without keys anyone could replace a model: then a setting must allow it.</summary>
internal sealed class ModelRepository(ModelCatalog catalog, IOptions<OpenInferenceOptions> options, IOptions<HostingOptions> hosting)
{
    private const string ReadyState = "READY";

    /// <summary>The states of all models.</summary>
    public async Task<RepositoryIndexResponse> IndexAsync(RepositoryIndexRequest request, CancellationToken cancellationToken)
    {
        CheckName(request.RepositoryName);
        var response = new RepositoryIndexResponse();
        foreach (var model in catalog.All)
        {
            var index = await IndexOfAsync(model, cancellationToken);
            if (!request.Ready || index.State == ReadyState)
                response.Models.Add(index);
        }

        return response;
    }

    /// <summary>Loads a version beside the one that answers, and lets it take over.</summary>
    /// <exception cref="FailedPreconditionException">It cannot be loaded: the one that answers stays.</exception>
    public async Task LoadAsync(RepositoryModelLoadRequest request, CancellationToken cancellationToken)
    {
        var served = Controlled(request.RepositoryName, request.ModelName);
        var parameters = LoadParameters.Read(request.Parameters, options.Value.ModelRoot);
        await served.LoadAsync(parameters.Model, parameters.Version, cancellationToken);
    }

    /// <summary>Takes a model away.</summary>
    public Task UnloadAsync(RepositoryModelUnloadRequest request, CancellationToken cancellationToken) =>
        Controlled(request.RepositoryName, request.ModelName).UnloadAsync(cancellationToken);

    private static async Task<RepositoryIndexResponse.Types.ModelIndex> IndexOfAsync(IInferenceModel model, CancellationToken cancellationToken)
    {
        var (state, reason) = model.Served switch
        {
            null => await model.IsReadyAsync(cancellationToken) ? (ReadyState, "") : ("UNAVAILABLE", "one of its services does not serve"),
            { Status: ModelStatus.Ready } => (ReadyState, ""),
            { Status: ModelStatus.Loading } => ("LOADING", ""),
            { Failure: { } failure } => ("UNAVAILABLE", ExceptionMapping.ToStatus(failure).Message),
            var served => ("UNAVAILABLE", served.Problem ?? ""),
        };
        return new RepositoryIndexResponse.Types.ModelIndex
        {
            Name = model.Signature.Name,
            Version = ModelCatalog.VersionOf(model),
            State = state,
            Reason = reason,
        };
    }

    private static void CheckName(string repository)
    {
        if (repository.Length > 0)
            throw new InvalidInputException("repository_name", repository, "there is one repository", "leave it out");
    }

    private IServedModel Controlled(string repository, string name)
    {
        if (hosting.Value.KeyFile.Length == 0 && !options.Value.AllowModelControl)
        {
            throw new RpcException(new Status(StatusCode.PermissionDenied,
                "models are not loaded or unloaded by calls here. Start the service with keys (Hosting:KeyFile) and use one with the scope manage, or set "
                + "OpenInference:AllowModelControl"));
        }

        CheckName(repository);
        return catalog.Find("model_name", name, "").Served ?? throw new RpcException(new Status(StatusCode.Unimplemented,
            $"{name} consists of models of other services: load and unload those there"));
    }
}
