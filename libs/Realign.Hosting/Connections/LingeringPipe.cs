using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections;

namespace Realign.Hosting.Connections;

/// <summary>
/// A connection that stays open for a moment when the server is done with it. What its client sent meanwhile would be answered by the system with a reset,
/// which overtakes the GOAWAY that tells the client to make these calls again elsewhere: they would fail.
/// </summary>
/// <param name="inner">The connection.</param>
internal sealed class LingeringPipe(IDuplexPipe inner) : IDuplexPipe
{
    private static readonly TimeSpan _longest = TimeSpan.FromSeconds(1);

    public PipeReader Input { get; } = new Reader(inner.Input);

    public PipeWriter Output { get; } = new Writer(inner.Output);

    /// <summary>Lets the connections of an endpoint end so.</summary>
    public static ConnectionDelegate Around(ConnectionDelegate next) => async connection =>
    {
        var pipe = new LingeringPipe(connection.Transport);
        connection.Transport = pipe;
        await next(connection);
        await pipe.EndAsync(connection.ConnectionClosed);
    };

    /// <summary>Reads what still comes, which nobody wants, until the other end closes or has had its time; then closes this end.</summary>
    private async Task EndAsync(CancellationToken closed)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(closed);
        over.CancelAfter(_longest);
        try
        {
            while (await inner.Input.ReadAsync(over.Token) is { IsCompleted: false } rest)
                inner.Input.AdvanceTo(rest.Buffer.End);
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException or InvalidOperationException)
        {
            // it has gone, or has had its time
        }

        await inner.Input.CompleteAsync();
        await inner.Output.CompleteAsync();
    }

    private sealed class Reader(PipeReader inner) : PipeReader
    {
        public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default) => inner.ReadAsync(cancellationToken);

        public override bool TryRead(out ReadResult result) => inner.TryRead(out result);

        public override void AdvanceTo(SequencePosition consumed) => inner.AdvanceTo(consumed);

        public override void AdvanceTo(SequencePosition consumed, SequencePosition examined) => inner.AdvanceTo(consumed, examined);

        public override void CancelPendingRead() => inner.CancelPendingRead();

        public override void Complete(Exception? exception = null)
        {
        }
    }

    private sealed class Writer(PipeWriter inner) : PipeWriter
    {
        public override bool CanGetUnflushedBytes => inner.CanGetUnflushedBytes;

        public override long UnflushedBytes => inner.UnflushedBytes;

        public override void Advance(int bytes) => inner.Advance(bytes);

        public override Memory<byte> GetMemory(int sizeHint = 0) => inner.GetMemory(sizeHint);

        public override Span<byte> GetSpan(int sizeHint = 0) => inner.GetSpan(sizeHint);

        public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default) => inner.FlushAsync(cancellationToken);

        public override ValueTask<FlushResult> WriteAsync(ReadOnlyMemory<byte> source, CancellationToken cancellationToken = default) =>
            inner.WriteAsync(source, cancellationToken);

        public override void CancelPendingFlush() => inner.CancelPendingFlush();

        public override void Complete(Exception? exception = null)
        {
        }
    }
}
