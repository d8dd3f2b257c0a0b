using Realign.V1;

namespace Realign.Cli.Verifying;

/// <summary>Verdicts, and why an image was accepted, in words.</summary>
internal static class VerdictWords
{
    public static string Of(Verdict verdict) => verdict switch
    {
        Verdict.Confirmed => "right",
        Verdict.Contradicted => "wrong",
        _ => "not known",
    };

    /// <summary>Tick, cross or question mark.</summary>
    /// <param name="verdict">The verdict.</param>
    /// <param name="unicode">Whether the signs can be shown; else letters stand for them.</param>
    public static string Sign(Verdict verdict, bool unicode = true) => verdict switch
    {
        Verdict.Confirmed => unicode ? "✓" : "+",
        Verdict.Contradicted => unicode ? "✗" : "x",
        _ => "?",
    };

    /// <summary>A verification in a few words, e.g. "1 wrong, 1 missing".</summary>
    public static string Summary(Verification? verification)
    {
        if (verification is null)
            return "not compared with the prompt";
        if (verification.Objects.Count == 0)
            return "nothing that could be looked for";
        List<string> parts = [];
        if (verification.Verified)
            parts.Add(verification.Unknown == 0 ? "everything is right" : "nothing is wrong");
        if (verification.Contradicted > 0)
            parts.Add($"{verification.Contradicted} wrong");
        if (verification.Missing > 0)
            parts.Add($"{verification.Missing} missing");
        if (verification.Unknown > 0)
            parts.Add($"{verification.Unknown} not known");
        return string.Join(", ", parts);
    }

    /// <summary>E.g. "attempt 2, refined image".</summary>
    public static string NameOf(int attempt, PictureKind picture) =>
        FormattableString.Invariant($"attempt {attempt}, {picture.ToString().ToLowerInvariant()} image");

    /// <summary>Why an image became the result.</summary>
    public static string Reason(Accepted accepted, int attempts) => accepted.Reason switch
    {
        AcceptReason.Verified => "it is verified: every object is there and nothing is contradicted",
        AcceptReason.BestOfAttempts => attempts == 1 ? "the attempt is not verified, and this is the better one of its images"
            : FormattableString.Invariant($"none of the {attempts} attempts is verified, and this is the best of their images"),
        AcceptReason.Deadline => "the deadline left no time for another attempt, and this is the best image so far",
        AcceptReason.Always => "as published: the last image of the one attempt, whatever it shows",
        AcceptReason.AttemptFailed => "an attempt failed, and this is the best image so far",
        _ => "the gateway does not say why",
    };
}
