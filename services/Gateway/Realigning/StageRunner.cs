using Grpc.Core;
using Realign.Gateway.Backends;
using Realign.V1;

namespace Realign.Gateway.Realigning;

/// <summary>Runs the stages of one call: announces them, times them, and writes their events one at a time.</summary>
internal sealed class StageRunner(
    IServerStreamWriter<RealignResponse> stream, StageSchedule schedule, TimeProvider time, CancellationToken cancellationToken) : IDisposable
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

    /// <summary>Runs a stage: announces it, asks its backend, writes what it answered.</summary>
    public async Task<T> RunAsync<T>(
        Stage stage, Backend backend, Func<CallScope, Task<T>> work, Func<T, RealignResponse> toEvent, CancellationToken stageToken)
    {
        var timing = new StageTiming { Stage = stage, StartMilliseconds = ElapsedMilliseconds };
        lock (_timing)
            _timings.Add(timing);
        await WriteAsync(stage, new RealignResponse { Started = new StageStarted { AtMilliseconds = timing.StartMilliseconds } });
        var scope = new CallScope(backend, "stage", NameOf(stage), schedule.DeadlineOf(stage), stageToken);
        T answer;
        try
        {
            answer = await work(scope);
        }
        catch (BackendException failure)
        {
            throw new StageException(stage, failure);
        }
        finally
        {
            timing.DurationMilliseconds = ElapsedMilliseconds - timing.StartMilliseconds;
        }

        await WriteAsync(stage, toEvent(answer));
        return answer;
    }

    /// <summary>Sends an event to the caller.</summary>
    /// <exception cref="OperationCanceledException">The caller left.</exception>
    public async Task WriteAsync(Stage stage, RealignResponse response)
    {
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

    private static string NameOf(Stage stage) => stage.ToString().ToUpperInvariant();
}
