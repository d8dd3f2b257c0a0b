using System.Buffers;
using System.IO.Pipelines;
using Google.Rpc;
using Realign.Core.Errors;
using Realign.Hosting.Errors;

namespace Realign.Hosting.Receiving;

/// <summary>
/// The body of one call. Its bytes are taken from the process's budget as they arrive, and a message that does not arrive in time is given
/// up: the framework's reader would hold every half-sent message up to the limit for ever. A call that is refused reads as cancelled.
/// The bytes are moved out of the connection's buffers at once, because those are pooled and would keep the size of the worst moment.
/// </summary>
/// <param name="inner">The connection's reader.</param>
/// <param name="budget">Bytes the process may hold.</param>
/// <param name="grace">Time that every message has.</param>
/// <param name="isStream">The caller may send many messages, with any time between them.</param>
/// <param name="time">Clock.</param>
internal sealed class CountedReader(PipeReader inner, ReceiveBudget budget, TimeSpan grace, bool isStream, TimeProvider time) : PipeReader, IDisposable
{
    // no limit of its own: the budget has it
    private readonly Pipe _arrived = new(new PipeOptions(
        new GrowingMemory(), PipeScheduler.Inline, PipeScheduler.Inline, pauseWriterThreshold: 0, minimumSegmentSize: 1, useSynchronizationContext: false));

    private ReadOnlySequence<byte> _buffer;
    private long _start = time.GetTimestamp();
    private long _received;
    private long _unread;
    private long _held;
    private volatile bool _isLate;

    /// <summary>Why the call was refused; null when it was not.</summary>
    public Status? Refusal { get; private set; }

    public override async ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        while (true)
        {
            if (TryRead(out var result))
                return result;
            var arrived = await ReceiveAsync(cancellationToken);
            Keep(arrived);
            if (arrived.IsCanceled || Refusal is not null)
                return new ReadResult(default, isCanceled: true, isCompleted: false);
        }
    }

    public override bool TryRead(out ReadResult result)
    {
        if (!_arrived.Reader.TryRead(out result))
            return false;
        _buffer = result.Buffer;
        return true;
    }

    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        if (Refusal is not null)
            return;
        var used = _buffer.Slice(_buffer.Start, consumed).Length;
        _unread -= used;
        // one message of several; what it holds is its handler's business
        if (isStream && used > 0)
            Release(used);
        _buffer = default;
        _arrived.Reader.AdvanceTo(consumed, examined);
    }

    public override void CancelPendingRead() => inner.CancelPendingRead();

    public override void Complete(Exception? exception = null) => inner.Complete(exception);

    /// <summary>The call has ended.</summary>
    public void Dispose()
    {
        _arrived.Writer.Complete();
        _arrived.Reader.Complete();
        Release(_held);
    }

    private async ValueTask<ReadResult> ReceiveAsync(CancellationToken cancellationToken)
    {
        var reading = inner.ReadAsync(cancellationToken);
        if (reading.IsCompleted || (isStream && _unread == 0))
            return await reading;
        using var timer = time.CreateTimer(reader => ((CountedReader)reader!).GiveUp(), this,
            ReceiveRule.Left(grace, _received, time.GetElapsedTime(_start)), Timeout.InfiniteTimeSpan);
        return await reading;
    }

    private void GiveUp()
    {
        _isLate = true;
        try
        {
            inner.CancelPendingRead();
        }
        catch (ObjectDisposedException)
        {
            // the call ended while the timer was due
        }
    }

    private void Keep(ReadResult arrived)
    {
        var fresh = arrived.Buffer.Length;
        if (arrived.IsCanceled)
        {
            if (_isLate)
                Refusal = TooSlow();
        }
        else if (fresh > 0 && !budget.TryTake(fresh))
        {
            Refusal = TooMuch();
        }
        else
        {
            if (isStream && _unread == 0)
                (_start, _received) = (time.GetTimestamp(), 0);
            _held += fresh;
            _unread += fresh;
            _received += fresh;
            foreach (var part in arrived.Buffer)
                _arrived.Writer.Write(part.Span);
            // ends at once: nothing pauses this writer
            _ = _arrived.Writer.FlushAsync(CancellationToken.None).AsTask();
            if (arrived.IsCompleted)
                _arrived.Writer.Complete();
        }

        inner.AdvanceTo(arrived.Buffer.End);
    }

    private void Release(long bytes)
    {
        _held -= bytes;
        budget.GiveBack(bytes);
    }

    private Status TooSlow() => ExceptionMapping.ToStatus(Code.DeadlineExceeded, "MESSAGE_TOO_SLOW",
        $"the request did not arrive in time: {_received} bytes in {time.GetElapsedTime(_start).TotalSeconds:0} s. "
        + $"Send it at once and end the stream, at {ReceiveRule.BytesPerSecond >> 10} KiB/s at least");

    private static Status TooMuch() => ExceptionMapping.ToStatus(new ResourceExhaustedException(
        "the service holds as many bytes of requests as it may (Hosting:MaxHeldMegabytes)",
        "ask again later, or send fewer or smaller requests at once", TimeSpan.FromSeconds(1)));
}
