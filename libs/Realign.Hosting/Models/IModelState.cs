namespace Realign.Hosting.Models;

/// <summary>What health checks know of a model.</summary>
public interface IModelState
{
    /// <summary>Name of the model.</summary>
    string Name { get; }

    /// <summary>Its state.</summary>
    ModelStatus Status { get; }

    /// <summary>Why it could not be loaded, or what keeps it from answering; null otherwise.</summary>
    string? Problem { get; }

    /// <summary>Calls that wait for it.</summary>
    int QueueLength { get; }

    /// <summary>Calls that wait for it or that it works on.</summary>
    int QueueDepth { get; }

    /// <summary>Ends when the model is ready or has failed.</summary>
    Task Settled { get; }

    /// <summary>Whether its thread has ended, which is false for good when it is stuck.</summary>
    bool IsEnded { get; }
}
