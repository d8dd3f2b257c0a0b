using Grpc.Core;
using Realign.Hosting.Models;
using Realign.OpenInference.Requests;
using Realign.OpenInference.Responses;

namespace Realign.OpenInference.Models;

/// <summary>A model of a service as the protocol sees it: maps tensors to a call of the typed API and back.</summary>
public interface IInferenceModel
{
    /// <summary>What is told of it.</summary>
    ModelSignature Signature { get; }

    /// <summary>The model that can be replaced; null = it consists of models elsewhere.</summary>
    IServedModel? Served { get; }

    /// <summary>Its calls since the process started.</summary>
    ModelCounts Counts => Served?.Counts ?? throw new InvalidOperationException($"{Signature.Name} counts by itself");

    /// <summary>Whether it answers.</summary>
    /// <param name="cancellationToken">The caller's.</param>
    Task<bool> IsReadyAsync(CancellationToken cancellationToken) => Task.FromResult(Served?.Status == ModelStatus.Ready);

    /// <summary>Answers a request whose tensors fit the signature.</summary>
    /// <param name="request">The request.</param>
    /// <param name="context">Its call, with the request's own deadline.</param>
    /// <param name="progress">Takes what comes before the answer; null = nobody wants it.</param>
    Task<InferenceAnswer> InferAsync(InferenceRequest request, ServerCallContext context, Func<InferenceAnswer, Task>? progress);
}
