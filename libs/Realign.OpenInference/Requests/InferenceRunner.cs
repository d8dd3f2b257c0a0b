using Grpc.Core;
using Inference;
using Realign.Core.Errors;
using Realign.Hosting.Errors;
using Realign.OpenInference.Models;
using Realign.OpenInference.Responses;

namespace Realign.OpenInference.Requests;

/// <summary>Runs a request as the call of the typed API that it stands for.</summary>
internal sealed class InferenceRunner(ModelCatalog catalog)
{
    /// <summary>Runs one.</summary>
    /// <param name="message">The request.</param>
    /// <param name="parameters">Its reserved parameters.</param>
    /// <param name="caller">The call it came with.</param>
    /// <param name="progress">Takes what comes before the answer, if outputs of it were asked for; null = nobody wants it.</param>
    /// <returns>The answer.</returns>
    public async Task<ModelInferResponse> RunAsync(
        ModelInferRequest message, RequestParameters parameters, ServerCallContext caller, Func<ModelInferResponse, Task>? progress)
    {
        var model = catalog.Find("model_name", message.ModelName, message.ModelVersion);
        var request = InferenceRequestReader.Read(message, model.Signature);
        var version = ModelCatalog.VersionOf(model);
        using var context = new InferenceCallContext(caller, model.Signature.Method, parameters);
        try
        {
            return Response(await model.InferAsync(request, context, progress is null ? null : answer => SendAsync(Response(answer), progress)));
        }
        catch (OperationCanceledException exception) when (context.IsTimedOut)
        {
            throw ExceptionMapping.ToRpcException(exception, context, out _);
        }
        catch (InvalidInputException invalid) when (model.Signature.TensorOf(invalid.Field) is { } tensor && tensor != invalid.Field)
        {
            throw new InvalidInputException(tensor, invalid.Value, invalid.Problem, invalid.WayOut);
        }

        ModelInferResponse Response(InferenceAnswer answer) => InferenceResponses.Of(answer, request, message, version);
    }

    private static Task SendAsync(ModelInferResponse response, Func<ModelInferResponse, Task> progress) =>
        response.Outputs.Count == 0 ? Task.CompletedTask : progress(response);
}
