namespace Realign.Evaluation.Runs;

/// <summary>What one picture of a run is of.</summary>
/// <param name="Arm">Name of the arm.</param>
/// <param name="Set">Name of the prompt set.</param>
/// <param name="Prompt">Place in the set, from 0.</param>
/// <param name="Seed">Seed.</param>
internal readonly record struct PictureKey(string Arm, string Set, int Prompt, ulong Seed);
