using Realign.V1;

namespace Realign.Wire.Verifications;

/// <summary>
/// Which of two images is the better one (Compare above 0 = the first), as gateway.proto tells of ACCEPT_VERIFIED: the verified one, then the
/// one with less that is wrong, which is what is contradicted and what is missing together (an empty image contradicts nothing), then with
/// fewer contradictions, then with less that is unknown, then with the larger likelihood of the prompt. An unknown never counts as wrong; but an
/// image of which no object could be looked for comes after those that were read, and one whose likelihood could not be read after those
/// whose could.
/// </summary>
public sealed class VerificationOrder : IComparer<Verification?>
{
    /// <summary>The one order.</summary>
    public static VerificationOrder Instance { get; } = new();

    /// <inheritdoc/>
    public int Compare(Verification? x, Verification? y)
    {
        if (x is null || y is null)
            return (x is null ? 0 : 1) - (y is null ? 0 : 1);
        return Key(x).CompareTo(Key(y));
    }

    /// <summary>The larger, the better.</summary>
    private static (bool Verified, bool Read, int Wrong, int Contradicted, int Unknown, float Likelihood) Key(Verification verification) => (
        verification.Verified, IsRead(verification), -verification.Contradicted - verification.Missing, -verification.Contradicted,
        -verification.Unknown, Likelihood(verification));

    private static bool IsRead(Verification verification) =>
        verification.Objects.Count == 0 || verification.Objects.Any(item => item.Presence != Verdict.Unknown);

    private static float Likelihood(Verification verification) => verification.HasLogLikelihood ? verification.LogLikelihood : float.NegativeInfinity;
}
