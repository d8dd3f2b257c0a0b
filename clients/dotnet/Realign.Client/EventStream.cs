using System.Runtime.CompilerServices;
using Grpc.Core;
using Realign.V1;

namespace Realign.Client;

/// <summary>Streams of events as <c>await foreach</c> reads them.</summary>
public static class EventStream
{
    /// <summary>The result of a flow, whose events were not looked at.</summary>
    /// <param name="events">The events.</param>
    /// <param name="cancellationToken">Leaves the call.</param>
    /// <exception cref="InvalidDataException">There was none.</exception>
    public static async Task<RealignResult> ResultAsync(this IAsyncEnumerable<RealignResponse> events, CancellationToken cancellationToken = default)
    {
        RealignResult? result = null;
        await foreach (var one in events.WithCancellation(cancellationToken))
            result = one.Result ?? result;
        return result ?? throw new InvalidDataException("the flow ended without a result");
    }

    /// <summary>The images of a generation, whose steps were not looked at.</summary>
    /// <param name="events">The events.</param>
    /// <param name="cancellationToken">Leaves the call.</param>
    /// <exception cref="InvalidDataException">There were none.</exception>
    public static async Task<GenerateResult> ResultAsync(this IAsyncEnumerable<GenerateResponse> events, CancellationToken cancellationToken = default)
    {
        GenerateResult? result = null;
        await foreach (var one in events.WithCancellation(cancellationToken))
            result = one.Result ?? result;
        return result ?? throw new InvalidDataException("the generation ended without an image");
    }

    /// <summary>Makes a streaming call when it is enumerated, and leaves it when the enumeration ends early.</summary>
    /// <param name="call">A method of a generated client.</param>
    /// <param name="request">The request.</param>
    /// <param name="options">Deadline and metadata.</param>
    /// <param name="cancellationToken">Leaves the call.</param>
    /// <exception cref="RpcException">The call failed.</exception>
    /// <exception cref="OperationCanceledException">The token fired.</exception>
    public static async IAsyncEnumerable<TResponse> ReadAsync<TRequest, TResponse>(
        Func<TRequest, CallOptions, AsyncServerStreamingCall<TResponse>> call, TRequest request, CallOptions options,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(call);
        using var left = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var stream = call(request, options.WithCancellationToken(left.Token));
        while (await NextAsync(stream.ResponseStream, cancellationToken))
            yield return stream.ResponseStream.Current;
    }

    // gRPC tells a caller who left that the call was cancelled; .NET tells him that he left
    private static async Task<bool> NextAsync<T>(IAsyncStreamReader<T> stream, CancellationToken cancellationToken)
    {
        try
        {
            return await stream.MoveNext(cancellationToken);
        }
        catch (RpcException failure) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException(failure.Message, failure, cancellationToken);
        }
    }
}
