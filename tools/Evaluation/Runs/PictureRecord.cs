using Realign.Evaluation.Reading;

namespace Realign.Evaluation.Runs;

/// <summary>One line of a run: a picture of an arm, and what was read in it.</summary>
internal sealed record PictureRecord
{
    public required string Arm { get; init; }

    public required string Set { get; init; }

    public required int Prompt { get; init; }

    public required ulong Seed { get; init; }

    public required string Text { get; init; }

    /// <summary>The picture, from the run's folder.</summary>
    public required string Png { get; init; }

    /// <summary>Whether it is a refined one.</summary>
    public required bool Refined { get; init; }

    /// <summary>The attempt it comes from, from 1.</summary>
    public required int Attempt { get; init; }

    /// <summary>Attempts that were made to get it.</summary>
    public required int AttemptsMade { get; init; }

    /// <summary>Milliseconds until it was there, beside the other calls of the run.</summary>
    public required double Milliseconds { get; init; }

    /// <summary>The Gateway's own verification of it; null where it made none.</summary>
    public VerificationRecord? Verification { get; init; }

    /// <summary>What the oracle sees; null where none judges.</summary>
    public SceneRecord? Oracle { get; init; }

    /// <summary>What the readers of the mesh see.</summary>
    public required ReadingRecord Reading { get; init; }

    public PictureKey Key => new(Arm, Set, Prompt, Seed);
}
