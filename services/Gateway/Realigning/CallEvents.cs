using Grpc.Core;
using Realign.V1;

namespace Realign.Gateway.Realigning;

/// <summary>What a call tells its caller: events, one at a time although attempts run side by side, and the times of its stages.</summary>
/// <param name="stream">Where events go.</param>
/// <param name="time">The clock.</param>
/// <param name="cancellationToken">Fires when the caller left. (A token of anything less would end the whole call: the transport sees to that.)</param>
internal sealed class CallEvents(IServerStreamWriter<RealignResponse> stream, TimeProvider time, CancellationToken cancellationToken) : IDisposable
{
    private readonly SemaphoreSlim _writing = new(1);
    private readonly Lock _timing = new();
    private readonly List<StageTiming> _timings = [];
    private readonly long _arrival = time.GetTimestamp();

    /// <summary>Milliseconds since the call arrived.</summary>
    public double ElapsedMilliseconds => time.GetElapsedTime(_arrival).TotalMilliseconds;

    /// <summary>The stages that were begun, by their start.</summary>
    public IEnumerable<StageTiming> Timings
    {
        get
        {
            lock (_timing)
                return [.. _timings.OrderBy(timing => timing.StartMilliseconds)];
        }
    }

    /// <summary>Begins the timing of a stage.</summary>
    public StageTiming Begin(int attempt, Stage stage)
    {
        var timing = new StageTiming { Attempt = attempt, Stage = stage, StartMilliseconds = ElapsedMilliseconds };
        lock (_timing)
            _timings.Add(timing);
        return timing;
    }

    /// <summary>Sends an event.</summary>
    /// <param name="attempt">From 1; 0 = the whole call.</param>
    /// <param name="stage">The stage it belongs to.</param>
    /// <param name="response">The event.</param>
    /// <exception cref="OperationCanceledException">The caller left.</exception>
    public async Task WriteAsync(int attempt, Stage stage, RealignResponse response)
    {
        response.Attempt = attempt;
        response.Stage = stage;
        await _writing.WaitAsync(cancellationToken);
        try
        {
            await stream.WriteAsync(response, cancellationToken);
        }
        catch (Exception exception) when (exception is InvalidOperationException or IOException && cancellationToken.IsCancellationRequested)
        {
            // the transport says "request is complete" or "aborted" when the caller is gone
            throw new OperationCanceledException(exception.Message, exception, cancellationToken);
        }
        finally
        {
            _ = _writing.Release();
        }
    }

    public void Dispose() => _writing.Dispose();
}
