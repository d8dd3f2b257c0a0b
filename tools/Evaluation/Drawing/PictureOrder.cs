using Realign.V1;

namespace Realign.Evaluation.Drawing;

/// <summary>
/// The best of some images, by the rule that <c>gateway.proto</c> tells of ACCEPT_VERIFIED. It is used to see what a call with fewer attempts would have
/// given; <see cref="RealignCallResult"/> holds it against what the Gateway itself accepted, in every call.
/// </summary>
internal static class PictureOrder
{
    public static CallPicture Best(IEnumerable<CallPicture> pictures) => pictures
        .OrderByDescending(picture => Key(picture.Verification))
        .ThenByDescending(picture => picture.Picture)
        .ThenBy(picture => picture.Attempt)
        .First();

    private static (bool Known, bool Verified, bool Read, int Wrong, int Contradicted, float Likelihood) Key(Verification? verification) =>
        verification is null
            ? default
            : (true, verification.Verified, verification.Objects.Count == 0 || verification.Objects.Any(item => item.Presence != Verdict.Unknown),
                -verification.Contradicted - verification.Missing, -verification.Contradicted,
                verification.HasLogLikelihood ? verification.LogLikelihood : float.NegativeInfinity);
}
