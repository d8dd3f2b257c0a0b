namespace Realign.Hosting.Models;

/// <summary>Where a call of a model is.</summary>
internal enum ModelJobState
{
    /// <summary>In the queue, waiting for an input slot.</summary>
    Waiting,

    /// <summary>In the queue, its input being made.</summary>
    Preparing,

    /// <summary>In the queue, waiting for the model.</summary>
    Ready,

    /// <summary>On the model's thread.</summary>
    Running,

    /// <summary>Answered.</summary>
    Gone,
}
