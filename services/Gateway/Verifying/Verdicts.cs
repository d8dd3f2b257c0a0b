using Realign.V1;

namespace Realign.Gateway.Verifying;

/// <summary>How verdicts add up.</summary>
internal static class Verdicts
{
    /// <summary>Of parts that must all hold: CONTRADICTED when any is, CONFIRMED when all are (none = CONFIRMED), else UNKNOWN.</summary>
    public static Verdict All(IEnumerable<Verdict> parts)
    {
        var verdict = Verdict.Confirmed;
        foreach (var part in parts)
        {
            if (part == Verdict.Contradicted)
                return part;
            if (part != Verdict.Confirmed)
                verdict = Verdict.Unknown;
        }

        return verdict;
    }
}
