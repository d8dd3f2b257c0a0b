using Google.Protobuf;
using Realign.V1;
using Realign.Wire.Verifications;

namespace Realign.Gateway.Realigning;

/// <summary>One image that a call drew.</summary>
/// <param name="Attempt">The attempt it comes from.</param>
/// <param name="Picture">Which of its images.</param>
/// <param name="Png">The image.</param>
/// <param name="Verification">What it shows; null where it was not read.</param>
internal sealed record DrawnPicture(Attempt Attempt, PictureKind Picture, ByteString Png, Verification? Verification)
{
    /// <summary>The image that becomes the result: under ACCEPT_ALWAYS the last one of the first attempt, else the best one.</summary>
    /// <param name="attempts">In order; the first one has a coarse image.</param>
    /// <param name="accept">Which image becomes the result.</param>
    public static DrawnPicture Choose(IReadOnlyList<Attempt> attempts, Accept accept) => accept == Accept.Always
        ? Of(attempts[0]).Last()
        // equal ones: as published, the refined one, and no more attempts than needed
        : attempts.SelectMany(Of).OrderByDescending(drawn => drawn.Verification, VerificationOrder.Instance)
            .ThenByDescending(drawn => drawn.Picture).ThenBy(drawn => drawn.Attempt.Number).First();

    /// <summary>The images of an attempt, the coarse one first.</summary>
    public static IEnumerable<DrawnPicture> Of(Attempt attempt)
    {
        if (attempt.Coarse is { } coarse)
            yield return new DrawnPicture(attempt, PictureKind.Coarse, coarse, attempt.CoarseVerification);
        if (attempt.Refined is { } refined)
            yield return new DrawnPicture(attempt, PictureKind.Refined, refined, attempt.RefinedVerification);
    }

    /// <summary>What was found, in words.</summary>
    public string Describe()
    {
        var image = FormattableString.Invariant($"the {Picture.ToString().ToLowerInvariant()} image of attempt {Attempt.Number}");
        return Verification switch
        {
            null => $"{image} was not read",
            { Objects.Count: 0 } => $"{image}: the prompt demands nothing that could be looked for",
            { Verified: true } => $"{image}: nothing is missing or contradicted",
            var read => FormattableString.Invariant($"{image}: {read.Contradicted} contradicted, {read.Missing} missing, {read.Unknown} unknown"),
        };
    }
}
