using System.Collections.Concurrent;
using Grpc.Core;
using Grpc.Core.Interceptors;

namespace Realign.Gateway.Tests.Fakes;

/// <summary>Keeps what backends were called with, in the order of the calls.</summary>
internal sealed class CallRecorder : Interceptor
{
    public ConcurrentQueue<(string Method, Metadata Headers)> Calls { get; } = new();

    public override Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
        TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
    {
        Record(context);
        return continuation(request, context);
    }

    public override Task ServerStreamingServerHandler<TRequest, TResponse>(
        TRequest request, IServerStreamWriter<TResponse> responseStream, ServerCallContext context,
        ServerStreamingServerMethod<TRequest, TResponse> continuation)
    {
        Record(context);
        return continuation(request, responseStream, context);
    }

    private void Record(ServerCallContext context)
    {
        // questions for the health come at any time
        if (!context.Method.StartsWith("/grpc.health.", StringComparison.Ordinal))
            Calls.Enqueue((context.Method[(context.Method.LastIndexOf('/') + 1)..], context.RequestHeaders));
    }
}
