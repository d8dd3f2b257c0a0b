using Realign.V1;

namespace Realign.Gateway.Verifying;

/// <summary>
/// What is still to be asked of an image whose places are known: only what can decide. The tagger where a place is missing or weak, the
/// caption where the masks do not tell an attribute, the likelihood where the image may have to be compared with another one.
/// </summary>
/// <param name="Tags">Whether the tagger can decide.</param>
/// <param name="Caption">Whether the caption can decide.</param>
/// <param name="Likelihood">Whether the likelihood of the prompt can decide.</param>
internal readonly record struct OpenQuestions(bool Tags, bool Caption, bool Likelihood)
{
    /// <summary>The questions that a reading leaves open.</summary>
    /// <param name="demand">What the prompt demands.</param>
    /// <param name="reading">What is known so far.</param>
    public static OpenQuestions Of(DemandedObjects demand, PictureReading reading)
    {
        var verification = PictureVerifier.Verify(PictureKind.Unspecified, demand, reading);
        return new OpenQuestions(
            reading.Tags is null && verification.Objects.Any(item => item.Presence == Verdict.Unknown),
            reading.Caption is null && verification.Objects.Any(item => item.Attributes.Any(attribute => attribute.Verdict == Verdict.Unknown)
                && item.Presence != Verdict.Contradicted),
            !verification.Verified || verification.Unknown > 0);
    }
}
