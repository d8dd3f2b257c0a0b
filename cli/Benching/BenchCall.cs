using Google.Protobuf;
using Google.Protobuf.Reflection;
using Grpc.Core;

namespace Realign.Cli.Benching;

/// <summary>
/// One call, made over and over: the request is bytes already and answers are not read, so that a machine with few cores measures the service
/// and not itself.
/// </summary>
internal sealed class BenchCall
{
    private static readonly Marshaller<byte[]> _bytes = Marshallers.Create<byte[]>(value => value, value => value);

    private readonly Method<byte[], byte[]> _method;
    private readonly byte[] _request;

    /// <param name="method">A unary method, or one that streams answers.</param>
    /// <param name="request">What is sent.</param>
    public BenchCall(MethodDescriptor method, IMessage request)
    {
        _method = new Method<byte[], byte[]>(
            method.IsServerStreaming ? MethodType.ServerStreaming : MethodType.Unary, method.Service.FullName, method.Name, _bytes, _bytes);
        _request = request.ToByteArray();
    }

    /// <summary>Makes it.</summary>
    /// <param name="invoker">Where.</param>
    /// <param name="options">Deadline and token.</param>
    /// <param name="heard">Called for each message of a stream.</param>
    /// <returns>What it ended with.</returns>
    public async Task<StatusCode> RunAsync(CallInvoker invoker, CallOptions options, Action heard)
    {
        try
        {
            await SendAsync(invoker, options, heard);
            return StatusCode.OK;
        }
        catch (RpcException exception)
        {
            return exception.StatusCode;
        }
        catch (OperationCanceledException)
        {
            return StatusCode.Cancelled;
        }
    }

    /// <summary>Makes it and throws what went wrong.</summary>
    /// <exception cref="RpcException">It did not end well.</exception>
    public async Task SendAsync(CallInvoker invoker, CallOptions options, Action heard)
    {
        if (_method.Type == MethodType.Unary)
        {
            using var single = invoker.AsyncUnaryCall(_method, null, options, _request);
            _ = await single.ResponseAsync;
            return;
        }

        using var stream = invoker.AsyncServerStreamingCall(_method, null, options, _request);
        while (await stream.ResponseStream.MoveNext(options.CancellationToken))
            heard();
    }
}
