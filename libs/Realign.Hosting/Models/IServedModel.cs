using Realign.Core.Errors;

namespace Realign.Hosting.Models;

/// <summary>A model whose version can be replaced while it serves.</summary>
public interface IServedModel : IModelState
{
    /// <summary>Number of the version that answers, or that did before it was unloaded; "1" at the start.</summary>
    string Version { get; }

    /// <summary>Its calls since the process started.</summary>
    ModelCounts Counts { get; }

    /// <summary>Why it could not be loaded or is not loaded any more; null otherwise.</summary>
    RealignException? Failure { get; }

    /// <summary>
    /// Loads and checks a model beside the one that answers, which it then replaces: calls in progress end on the old one. When it fails, everything stays.
    /// </summary>
    /// <param name="model">What to load, as the setting of the model names it; null = what the setting says.</param>
    /// <param name="version">Its number; null = "1" for what the setting says, else one more than that of the current one.</param>
    /// <param name="cancellationToken">Ends the loading.</param>
    /// <exception cref="FailedPreconditionException">It cannot be loaded.</exception>
    /// <exception cref="UnavailableException">The process stops.</exception>
    Task LoadAsync(string? model, string? version, CancellationToken cancellationToken);

    /// <summary>Takes the model away: no call gets it from now on, those in progress end on it. Returns when its memory is free.</summary>
    /// <param name="cancellationToken">Ends the waiting, not the unloading.</param>
    Task UnloadAsync(CancellationToken cancellationToken);
}
