namespace Realign.Diffusion.Generation;

/// <summary>Gets the events of a call. Called on the model's thread, which must not wait.</summary>
public interface IGenerationListener
{
    /// <summary>Whether it keeps up: otherwise no preview is computed.</summary>
    bool TakesPreviews { get; }

    /// <summary>Takes an event.</summary>
    void Add(GenerationEvent happened);
}
