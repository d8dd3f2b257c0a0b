using Realign.Hosting.Telemetry;

namespace Realign.Hosting.Models;

/// <summary>How one model is kept.</summary>
/// <typeparam name="TModel">The model.</typeparam>
public sealed class ModelHostOptions<TModel>
    where TModel : class
{
    /// <summary>Name for messages and health.</summary>
    public required string Name { get; init; }

    /// <summary>Calls that may wait.</summary>
    public required int QueueCapacity { get; init; }

    /// <summary>Reads and warms the model; runs on the model's thread.</summary>
    public required Func<CancellationToken, TModel> Load { get; init; }

    /// <summary>Reads and warms another version of the model, named as its setting names one; null: there are none.</summary>
    public Func<string, CancellationToken, TModel>? LoadFrom { get; init; }

    /// <summary>
    /// A small real call that tells whether the model still works: it throws when not. Runs on the model's thread after a call failed
    /// unexpectedly, and on a model that was loaded again. Null: such a model is never checked.
    /// </summary>
    public Action<TModel, CancellationToken>? Probe { get; init; }

    /// <summary>Told of its calls; null = nobody is.</summary>
    public ServiceMetrics? Metrics { get; init; }

    /// <summary>When the model counts as stalled.</summary>
    public StallRule StallRule { get; init; } = StallRule.Default;

    /// <summary>Loads a model and checks it.</summary>
    /// <exception cref="Exception">Loading or the check failed; nothing is left of the model.</exception>
    internal TModel Probed(Func<CancellationToken, TModel> load, CancellationToken cancellationToken)
    {
        var model = load(cancellationToken);
        try
        {
            Probe?.Invoke(model, cancellationToken);
            return model;
        }
        catch
        {
            (model as IDisposable)?.Dispose();
            throw;
        }
    }
}
