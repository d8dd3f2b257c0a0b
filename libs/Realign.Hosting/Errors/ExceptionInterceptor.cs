using System.Diagnostics;
using System.Globalization;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Microsoft.Extensions.Logging;
using Realign.Core.Calls;
using Realign.Hosting.Models;
using Realign.Hosting.Telemetry;

namespace Realign.Hosting.Errors;

/// <summary>
/// The one place where exceptions become gRPC statuses, for all four kinds of call, and where each call leaves one line in the
/// log and, where the service has models, the depth of their queues in its trailers.
/// </summary>
internal sealed partial class ExceptionInterceptor(ILogger<ExceptionInterceptor> logger, IEnumerable<IModelState> models, ServiceMetrics metrics)
    : Interceptor
{
    public override Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
        TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation) =>
        Guard(context, () => continuation(request, context));

    public override Task<TResponse> ClientStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requestStream, ServerCallContext context, ClientStreamingServerMethod<TRequest, TResponse> continuation) =>
        Guard(context, () => continuation(new CallerStream<TRequest>(requestStream), context));

    public override Task ServerStreamingServerHandler<TRequest, TResponse>(
        TRequest request, IServerStreamWriter<TResponse> responseStream, ServerCallContext context,
        ServerStreamingServerMethod<TRequest, TResponse> continuation) =>
        Guard(context, async () => { await continuation(request, responseStream, context); return true; });

    public override Task DuplexStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requestStream, IServerStreamWriter<TResponse> responseStream, ServerCallContext context,
        DuplexStreamingServerMethod<TRequest, TResponse> continuation) =>
        Guard(context, async () => { await continuation(new CallerStream<TRequest>(requestStream), responseStream, context); return true; });

    private async Task<T> Guard<T>(ServerCallContext context, Func<Task<T>> call)
    {
        var start = TimeProvider.System.GetTimestamp();
        var code = StatusCode.OK;
        metrics.Begins(context.Method);
        MalformedMessageMiddleware.MarkParsed(context.GetHttpContext());
        try
        {
            return await call();
        }
#pragma warning disable CA1031 // every exception becomes a status here and nowhere else
        catch (Exception exception)
#pragma warning restore CA1031
        {
            var status = ExceptionMapping.ToRpcException(exception, context, out var incident);
            code = status.StatusCode;
            if (incident is not null)
                Log.Unexpected(logger, context.Method, incident, exception);
            throw status;
        }
        finally
        {
            if (models.Any())
                context.ResponseTrailers.Add(CallMetadata.QueueDepth, models.Sum(model => model.QueueDepth).ToString(CultureInfo.InvariantCulture));
            var duration = TimeProvider.System.GetElapsedTime(start);
            metrics.Called(context.Method, code, duration);
            Log.Call(logger, context.Method, code, duration.TotalMilliseconds, Activity.Current?.TraceId.ToString() ?? "-");
        }
    }

    private static partial class Log
    {
        [LoggerMessage(EventId = 1, Level = LogLevel.Information, Message = "{Method} {Code} {Milliseconds:0.0} ms, trace {Trace}")]
        public static partial void Call(ILogger logger, string method, StatusCode code, double milliseconds, string trace);

        [LoggerMessage(EventId = 2, Level = LogLevel.Error, Message = "{Method} failed unexpectedly, incident {Incident}")]
        public static partial void Unexpected(ILogger logger, string method, string incident, Exception exception);
    }
}
