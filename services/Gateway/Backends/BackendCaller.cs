using Grpc.Core;
using Realign.V1;

namespace Realign.Gateway.Backends;

/// <summary>
/// Calls backends: which replica, and which one next, is the business of their clients. Everything that backends do is a pure function of the
/// request, so calls may be made again. Failures leave with the names of backend and step.
/// </summary>
internal sealed class BackendCaller(CallerMetadata metadata)
{
    /// <summary>One request, one answer.</summary>
    /// <exception cref="BackendException">The backend failed.</exception>
    /// <exception cref="OperationCanceledException">The scope's token fired.</exception>
    public async Task<TResponse> UnaryAsync<TRequest, TResponse>(
        CallScope scope, Func<TRequest, CallOptions, AsyncUnaryCall<TResponse>> method, TRequest request)
    {
        try
        {
            using var call = method(request, metadata.OptionsOf(scope));
            return await call.ResponseAsync;
        }
        catch (RpcException failure)
        {
            scope.CancellationToken.ThrowIfCancellationRequested();
            throw BackendFailure.Translate(failure, scope);
        }
    }

    /// <summary>Generates: hands on progress and previews, returns the result. Once there was any of them, it is made nowhere else again.</summary>
    /// <exception cref="BackendException">The Generator failed, or ended its stream without a result.</exception>
    /// <exception cref="OperationCanceledException">The scope's token fired.</exception>
    public async Task<GenerateResult> GenerateAsync(
        CallScope scope, GeneratorService.GeneratorServiceClient client, GenerateRequest request, Func<GenerateResponse, Task> onEvent)
    {
        try
        {
            // disposing a call that is not over resets its stream: the Generator sees a cancelled caller
            using var call = client.Generate(request, metadata.OptionsOf(scope));
            while (await call.ResponseStream.MoveNext(scope.CancellationToken))
            {
                var response = call.ResponseStream.Current;
                if (response.EventCase == GenerateResponse.EventOneofCase.Result)
                    return response.Result.Images.Count > 0 ? response.Result : throw BackendFailure.Broken("answered without an image", scope);
                await onEvent(response);
            }

            throw BackendFailure.Broken("ended its stream without a result", scope);
        }
        catch (RpcException failure) when (failure is not BackendException)
        {
            scope.CancellationToken.ThrowIfCancellationRequested();
            throw BackendFailure.Translate(failure, scope);
        }
    }
}
