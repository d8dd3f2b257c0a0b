using Grpc.Core;
using Microsoft.Extensions.Options;
using Polly;
using Polly.Retry;
using Realign.V1;

namespace Realign.Gateway.Backends;

/// <summary>
/// Calls backends. Everything they do is a pure function of the request, so a call is repeated when the backend was UNAVAILABLE
/// before it sent its first message, and never otherwise. Failures leave with the names of backend and step.
/// </summary>
internal sealed class BackendCaller
{
    private readonly ResiliencePipeline _retry;
    private readonly CallerMetadata _metadata;

    public BackendCaller(IOptions<GatewayOptions> options, CallerMetadata metadata, TimeProvider time)
    {
        _metadata = metadata;
        var builder = new ResiliencePipelineBuilder { TimeProvider = time };
        if (options.Value.Retries > 0)
        {
            builder.AddRetry(new RetryStrategyOptions
            {
                ShouldHandle = new PredicateBuilder().Handle<RpcException>(failure => failure.StatusCode == StatusCode.Unavailable),
                MaxRetryAttempts = options.Value.Retries,
                Delay = TimeSpan.FromMilliseconds(options.Value.RetryDelayMilliseconds),
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
            });
        }

        _retry = builder.Build();
    }

    /// <summary>One request, one answer.</summary>
    /// <exception cref="BackendException">The backend failed.</exception>
    /// <exception cref="OperationCanceledException">The scope's token fired.</exception>
    public async Task<TResponse> UnaryAsync<TRequest, TResponse>(
        CallScope scope, Func<TRequest, CallOptions, AsyncUnaryCall<TResponse>> method, TRequest request)
    {
        try
        {
            return await _retry.ExecuteAsync(async _ =>
            {
                using var call = method(request, _metadata.OptionsOf(scope));
                return await call.ResponseAsync;
            }, scope.CancellationToken);
        }
        catch (RpcException failure)
        {
            scope.CancellationToken.ThrowIfCancellationRequested();
            throw BackendFailure.Translate(failure, scope);
        }
    }

    /// <summary>Generates: hands on progress and previews, returns the result.</summary>
    /// <exception cref="BackendException">The Generator failed, or ended its stream without a result.</exception>
    /// <exception cref="OperationCanceledException">The scope's token fired.</exception>
    public async Task<GenerateResult> GenerateAsync(
        CallScope scope, GeneratorService.GeneratorServiceClient client, GenerateRequest request, Func<GenerateResponse, Task> onEvent)
    {
        AsyncServerStreamingCall<GenerateResponse>? call = null;
        try
        {
            var any = await _retry.ExecuteAsync(async _ =>
            {
                call?.Dispose();
                call = client.Generate(request, _metadata.OptionsOf(scope));
                return await call.ResponseStream.MoveNext(scope.CancellationToken);
            }, scope.CancellationToken);
            for (; any; any = await call!.ResponseStream.MoveNext(scope.CancellationToken))
            {
                var response = call!.ResponseStream.Current;
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
        finally
        {
            // disposing a call that is not over resets its stream: the Generator sees a cancelled caller
            call?.Dispose();
        }
    }
}
