using Grpc.Core;
using Inference;
using Microsoft.Extensions.Logging;
using Realign.Hosting.Errors;
using Realign.OpenInference.Requests;

namespace Realign.OpenInference.Responses;

/// <summary>
/// The requests of a stream, one after another; their answers come in their order. One that fails is told so, and the stream goes on, unless the caller
/// wants it to end with the failure's status.
/// </summary>
internal sealed partial class InferenceStream(
    InferenceRunner runner, IServerStreamWriter<ModelStreamInferResponse> responses, ServerCallContext context, ILogger logger)
{
    private const string StatusWanted = "triton_grpc_error";

    /// <summary>Answers all of them.</summary>
    public async Task RunAsync(IAsyncStreamReader<ModelInferRequest> requests)
    {
        var endsWithFailure = context.RequestHeaders.GetValue(StatusWanted) == "true";
        while (await requests.MoveNext(context.CancellationToken))
        {
            var request = requests.Current;
            try
            {
                await AnswerAsync(request);
            }
#pragma warning disable CA1031 // each becomes the answer of its request
            catch (Exception exception) when (!endsWithFailure && !context.CancellationToken.IsCancellationRequested)
#pragma warning restore CA1031
            {
                var status = ExceptionMapping.ToRpcException(exception, context, out var incident);
                if (incident is not null)
                    Log.Unexpected(logger, request.ModelName, incident, exception);
                await FailAsync(request, status.Status.Detail);
            }
        }
    }

    private async Task AnswerAsync(ModelInferRequest request)
    {
        var parameters = RequestParameters.Read(request.Parameters);
        var answer = await runner.RunAsync(request, parameters, context, progress => WriteAsync(progress, isFinal: false));
        if (answer.Outputs.Count > 0 || parameters.EmptyFinalResponse)
            await WriteAsync(answer, isFinal: true);
    }

    private Task WriteAsync(ModelInferResponse response, bool isFinal)
    {
        response.Parameters[InferenceResponses.FinalResponse] = new InferParameter { BoolParam = isFinal };
        return responses.WriteAsync(new ModelStreamInferResponse { InferResponse = response });
    }

    private Task FailAsync(ModelInferRequest request, string message)
    {
        var response = new ModelInferResponse { ModelName = request.ModelName, ModelVersion = request.ModelVersion, Id = request.Id };
        response.Parameters[InferenceResponses.FinalResponse] = new InferParameter { BoolParam = true };
        return responses.WriteAsync(new ModelStreamInferResponse { ErrorMessage = message, InferResponse = response });
    }

    private static partial class Log
    {
        [LoggerMessage(EventId = 500, Level = LogLevel.Error, Message = "a request of a stream for {Model} failed unexpectedly, incident {Incident}")]
        public static partial void Unexpected(ILogger logger, string model, string incident, Exception exception);
    }
}
