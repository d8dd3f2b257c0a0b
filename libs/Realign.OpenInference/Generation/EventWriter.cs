using Grpc.Core;

namespace Realign.OpenInference.Generation;

/// <summary>Takes the events of a typed call that streams.</summary>
/// <param name="take">Gets each.</param>
public sealed class EventWriter<T>(Func<T, Task> take) : IServerStreamWriter<T>
{
    /// <inheritdoc/>
    public WriteOptions? WriteOptions { get; set; }

    /// <inheritdoc/>
    public Task WriteAsync(T message) => take(message);

    /// <inheritdoc/>
    public Task WriteAsync(T message, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return take(message);
    }
}
