using System.Buffers;
using System.IO.Pipelines;
using Google.Rpc;
using Realign.Core.Errors;
using Realign.Hosting.Errors;

namespace Realign.Hosting.Receiving;

/// <summary>
/// The body of one call. Its bytes are taken from the process's budget as they arrive, and a message that does not arrive in time is given
/// up: the framework's reader would hold every half-sent message up to the limit for ever. A call that is refused reads as cancelled.
/// </summary>
/// <param name="inner">The connection's reader.</param>
/// <param name="budget">Bytes the process may hold.</param>
/// <param name="grace">Time that every message has.</param>
/// <param name="isStream">The caller may send many messages, with any time between them.</param>
/// <param name="time">Clock.</param>
internal sealed class CountedReader(PipeReader inner, ReceiveBudget budget, TimeSpan grace, bool isStream, TimeProvider time) : PipeReader, IDisposable
{
    private ReadOnlySequence<byte> _buffer;
    private long _start = time.GetTimestamp();
    private long _received;
    private long _unread;
    private long _held;

    /// <summary>Why the call was refused; null when it was not.</summary>
    public Status? Refusal { get; private set; }

    public override async ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        var reading = inner.ReadAsync(cancellationToken);
        if (reading.IsCompleted || (isStream && _unread == 0))
            return Count(await reading);
        using var timer = time.CreateTimer(reader => ((PipeReader)reader!).CancelPendingRead(), inner,
            ReceiveRule.Left(grace, _received, time.GetElapsedTime(_start)), Timeout.InfiniteTimeSpan);
        return Count(await reading);
    }

    public override bool TryRead(out ReadResult result)
    {
        if (!inner.TryRead(out result))
            return false;
        result = Count(result);
        return true;
    }

    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        var used = _buffer.Slice(_buffer.Start, consumed).Length;
        _unread -= used;
        if (isStream && used > 0)
        {
            // one message of several; what it holds is its handler's business
            Release(used);
            _received = _unread;
            _start = time.GetTimestamp();
        }

        _buffer = default;
        inner.AdvanceTo(consumed, examined);
    }

    public override void CancelPendingRead() => inner.CancelPendingRead();

    public override void Complete(Exception? exception = null) => inner.Complete(exception);

    /// <summary>The call has ended.</summary>
    public void Dispose() => Release(_held);

    private void Release(long bytes)
    {
        _held -= bytes;
        budget.GiveBack(bytes);
    }

    private ReadResult Count(ReadResult result)
    {
        _buffer = result.Buffer;
        if (result.IsCanceled)
        {
            return Refuse(result, ExceptionMapping.ToStatus(Code.DeadlineExceeded, "MESSAGE_TOO_SLOW",
                $"the request did not arrive in time: {_received} bytes in {time.GetElapsedTime(_start).TotalSeconds:0} s. "
                + $"Send it at once and end the stream, at {ReceiveRule.BytesPerSecond >> 10} KiB/s at least"));
        }

        var fresh = _buffer.Length - _unread;
        if (fresh == 0)
            return result;
        if (isStream && _unread == 0)
            _start = time.GetTimestamp();
        if (!budget.TryTake(fresh))
        {
            return Refuse(result, ExceptionMapping.ToStatus(new ResourceExhaustedException(
                "the service holds as many bytes of requests as it may (Hosting:MaxHeldMegabytes)",
                "ask again later, or send fewer or smaller requests at once", TimeSpan.FromSeconds(1))));
        }

        _held += fresh;
        _unread += fresh;
        _received += fresh;
        return result;
    }

    private ReadResult Refuse(ReadResult result, Status refusal)
    {
        Refusal = refusal;
        return new ReadResult(result.Buffer, isCanceled: true, isCompleted: false);
    }
}
