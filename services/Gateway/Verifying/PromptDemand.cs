using Realign.Gateway.Backends;
using Realign.V1;

namespace Realign.Gateway.Verifying;

/// <summary>What a prompt demands, asked for once per call while the first image is drawn. That it cannot be had never ends the flow.</summary>
internal sealed class PromptDemand : IDisposable
{
    private readonly CancellationTokenSource _waiting;
    private readonly Task<DemandedObjects> _reading;

    /// <summary>Begins to ask.</summary>
    /// <param name="backends">Where the scene scorer is.</param>
    /// <param name="caller">Calls it.</param>
    /// <param name="prompt">The prompt.</param>
    /// <param name="deadline">When it is of no use any more, UTC.</param>
    /// <param name="announce">Told the demand as soon as it is there.</param>
    /// <param name="cancellationToken">Fires when the caller left.</param>
    public PromptDemand(
        BackendSet backends, BackendCaller caller, string prompt, DateTime deadline, Func<Demand, Task> announce, CancellationToken cancellationToken)
    {
        _waiting = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var scope = new CallScope(backends.SceneScorer, "stage", "VERIFY", deadline, _waiting.Token);
        _reading = ReadAsync(backends, caller, prompt, scope, announce, cancellationToken);
    }

    /// <summary>The demand, or why there is none: the scene scorer gets this much more time at most.</summary>
    /// <exception cref="OperationCanceledException">The caller left.</exception>
    public Task<DemandedObjects> WithinAsync(TimeSpan time)
    {
        if (!_reading.IsCompleted)
            _waiting.CancelAfter(time > TimeSpan.Zero ? time : TimeSpan.Zero);
        return _reading;
    }

    /// <summary>Stops asking.</summary>
    public async Task EndAsync()
    {
        await _waiting.CancelAsync();
        await ((Task)_reading).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
    }

    public void Dispose() => _waiting.Dispose();

    private static async Task<DemandedObjects> ReadAsync(
        BackendSet backends, BackendCaller caller, string prompt, CallScope scope, Func<Demand, Task> announce, CancellationToken cancellationToken)
    {
        Demand demand;
        try
        {
            var answer = await caller.UnaryAsync(scope, backends.SceneScorerClient.ExtractEntitiesAsync, new ExtractEntitiesRequest { Prompt = prompt });
            demand = answer.Entities.Any(entity => entity.Noun.Length == 0)
                ? throw BackendFailure.Broken("answered an object without a noun", scope)
                : new Demand { Entities = { answer.Entities }, Relations = { answer.Relations } };
            if (demand.Entities.Count == 0)
                demand.NothingBecause = "the prompt names no object that an image could show";
        }
        catch (BackendException failure)
        {
            demand = new Demand { NothingBecause = failure.Status.Detail };
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            demand = new Demand { NothingBecause = $"{scope.Backend.Name} was not done in the time left for VERIFY" };
        }

        await announce(demand);
        return new DemandedObjects(demand);
    }
}
