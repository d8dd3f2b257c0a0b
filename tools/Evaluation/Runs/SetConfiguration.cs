namespace Realign.Evaluation.Runs;

/// <summary>A prompt set of a run.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Prompts">How many prompts are used.</param>
/// <param name="Hash">SHA-256 of them.</param>
internal sealed record SetConfiguration(string Name, int Prompts, string Hash);
