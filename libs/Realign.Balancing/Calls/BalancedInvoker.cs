using Grpc.Core;
using Realign.Balancing.Replicas;

namespace Realign.Balancing.Calls;

/// <summary>
/// Makes unary and server-streaming calls at one of several replicas. Only for methods that may be made again: a unary call is, a stream as
/// long as nothing of it was received; a unary call that takes long may be made at two replicas at once. What goes wrong arrives as a <see cref="ReplicaException"/>.
/// </summary>
internal sealed class BalancedInvoker(ReplicaSet replicas, BalancingOptions options, TimeProvider time, Replica? preferred) : CallInvoker
{
    public override AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions callOptions, TRequest request)
    {
        var leaving = CancellationTokenSource.CreateLinkedTokenSource(callOptions.CancellationToken);
        var answer = RunAsync(method, host, callOptions.WithCancellationToken(leaving.Token), request);
        return new AsyncUnaryCall<TResponse>(
            answer, Task.FromResult(Metadata.Empty), () => answer.IsCompletedSuccessfully ? Status.DefaultSuccess : Status.DefaultCancelled,
            () => Metadata.Empty, () =>
            {
                if (!answer.IsCompleted)
                    leaving.Cancel();
                leaving.Dispose();
            });
    }

    public override AsyncServerStreamingCall<TResponse> AsyncServerStreamingCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions callOptions, TRequest request)
    {
        var attempts = new CallAttempts(replicas, options, time, preferred, callOptions);
        var stream = new BalancedStream<TResponse>(
            attempts, callOptions,
            (replica, attemptOptions) => replica.Channel.CreateCallInvoker().AsyncServerStreamingCall(method, host, attemptOptions, request));
        return new AsyncServerStreamingCall<TResponse>(
            stream, Task.FromResult(Metadata.Empty), () => Status.DefaultSuccess, () => Metadata.Empty, stream.Dispose);
    }

    public override TResponse BlockingUnaryCall<TRequest, TResponse>(Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request) =>
        throw new NotSupportedException("calls at replicas are asynchronous");

    public override AsyncClientStreamingCall<TRequest, TResponse> AsyncClientStreamingCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options) =>
        throw new NotSupportedException("a stream of requests cannot be sent to another replica again");

    public override AsyncDuplexStreamingCall<TRequest, TResponse> AsyncDuplexStreamingCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options) =>
        throw new NotSupportedException("a stream of requests cannot be sent to another replica again");

    private async Task<TResponse> RunAsync<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions callOptions, TRequest request)
        where TRequest : class
        where TResponse : class
    {
        var attempts = new CallAttempts(replicas, options, time, preferred, callOptions);
        var hedged = new HedgedCall<TResponse>(
            replicas, time, method.FullName,
            (replica, attemptOptions) => replica.Channel.CreateCallInvoker().AsyncUnaryCall(method, host, attemptOptions, request));
        while (true)
        {
            using var attempt = new ReplicaCall(await attempts.NextAsync(), callOptions);
            try
            {
                return await hedged.RunAsync(attempt, callOptions);
            }
            catch (RpcException thrown)
            {
                var (failure, problem) = attempt.Judge(thrown);
                attempt.Dispose();
                if (!await attempts.AgainAsync(attempt.Replica, failure, problem))
                    throw new ReplicaException(failure, attempt.Replica, problem);
            }
        }
    }
}
