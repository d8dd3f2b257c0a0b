using Realign.Gateway.Backends;
using Realign.V1;

namespace Realign.Gateway.Realigning;

/// <summary>Runs the stages of one attempt: announces them, times them, and writes their events.</summary>
/// <param name="events">The call's events.</param>
/// <param name="attempt">Number of the attempt, from 1.</param>
/// <param name="schedule">When its stages must be done.</param>
/// <param name="time">The clock.</param>
internal sealed class StageRunner(CallEvents events, int attempt, StageSchedule schedule, TimeProvider time)
{
    /// <summary>Runs a stage: announces it, asks its backend, writes what it answered.</summary>
    /// <exception cref="StageException">The backend failed.</exception>
    public async Task<T> RunAsync<T>(
        Stage stage, Backend backend, Func<CallScope, Task<T>> work, Func<T, RealignResponse> toEvent, CancellationToken stageToken)
    {
        try
        {
            return await RunAsync(
                stage, deadline => work(new CallScope(backend, "stage", stage.ToString().ToUpperInvariant(), deadline, stageToken)), toEvent);
        }
        catch (BackendException failure)
        {
            throw new StageException(stage, failure);
        }
    }

    /// <summary>Runs a stage that asks several backends, or none.</summary>
    public async Task<T> RunAsync<T>(Stage stage, Func<DateTime, Task<T>> work, Func<T, RealignResponse> toEvent)
    {
        var timing = events.Begin(attempt, stage);
        await WriteAsync(stage, new RealignResponse { Started = new StageStarted { AtMilliseconds = timing.StartMilliseconds } });
        T answer;
        try
        {
            answer = await work(schedule.DeadlineOf(stage, time.GetUtcNow().UtcDateTime));
        }
        finally
        {
            timing.DurationMilliseconds = events.ElapsedMilliseconds - timing.StartMilliseconds;
        }

        await WriteAsync(stage, toEvent(answer));
        return answer;
    }

    /// <summary>Sends an event of this attempt to the caller.</summary>
    /// <exception cref="OperationCanceledException">The caller left.</exception>
    public Task WriteAsync(Stage stage, RealignResponse response) => events.WriteAsync(attempt, stage, response);
}
