using Grpc.Core;

namespace Realign.Hosting.Errors;

/// <summary>
/// What the caller sends. Reading it fails when the caller is gone, sometimes before the call's token fires; that is a cancelled call
/// and nothing that went wrong here.
/// </summary>
internal sealed class CallerStream<T>(IAsyncStreamReader<T> inner) : IAsyncStreamReader<T>
{
    public T Current => inner.Current;

    public async Task<bool> MoveNext(CancellationToken cancellationToken)
    {
        try
        {
            return await inner.MoveNext(cancellationToken);
        }
        catch (IOException exception)
        {
            throw new OperationCanceledException("the caller left", exception);
        }
    }
}
