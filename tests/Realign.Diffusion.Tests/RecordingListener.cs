using Realign.Diffusion.Generation;

namespace Realign.Diffusion.Tests;

/// <summary>Keeps what it is told.</summary>
internal sealed class RecordingListener : IGenerationListener
{
    public List<GenerationEvent> Events { get; } = [];

    public bool TakesPreviews => true;

    public void Add(GenerationEvent happened) => Events.Add(happened);
}
