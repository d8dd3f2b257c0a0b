using Google.Protobuf;
using Realign.V1;

namespace Realign.Gateway.Realigning;

/// <summary>What one attempt has brought so far: it is filled in stage by stage, so that what was drawn before a failure is not lost.</summary>
/// <param name="number">From 1.</param>
internal sealed class Attempt(int number)
{
    public int Number { get; } = number;

    /// <summary>Its seed; null until it is known.</summary>
    public ulong? Seed { get; set; }

    /// <summary>First image, PNG; null until it is drawn.</summary>
    public ByteString? Coarse { get; set; }

    /// <summary>Second image, PNG; null where nothing was refined.</summary>
    public ByteString? Refined { get; set; }

    /// <summary>What the coarse image shows; null until it was read.</summary>
    public Verification? CoarseVerification { get; set; }

    /// <summary>What the refined image shows; null until it was read.</summary>
    public Verification? RefinedVerification { get; set; }

    /// <summary>What steers its refinement; null until everything is located.</summary>
    public SegmentPlan? Plan { get; set; }

    /// <summary>The part of the prompt that did not fit the Generator's text encoder.</summary>
    public string TruncatedPrompt { get; set; } = "";

    /// <summary>Why it has no refined image, or ended early; empty otherwise.</summary>
    public string Note { get; set; } = "";

    /// <summary>The stage that ended it; null = none did.</summary>
    public StageException? Failure { get; set; }

    /// <summary>Whether one of its images shows what is demanded.</summary>
    public bool IsVerified => CoarseVerification?.Verified == true || RefinedVerification?.Verified == true;

    /// <summary>In short.</summary>
    public AttemptReport ToReport() => new()
    {
        Attempt = Number,
        Seed = Seed ?? 0,
        Coarse = CoarseVerification,
        Refined = RefinedVerification,
        Note = Note,
    };
}
