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

    /// <summary>Of readers of which one is enough: CONFIRMED when any confirms, CONTRADICTED when all contradict, else UNKNOWN.</summary>
    public static Verdict Any(IReadOnlyCollection<Evidence> evidence) =>
        evidence.Any(item => item.Verdict == Verdict.Confirmed) ? Verdict.Confirmed
        : evidence.Count > 0 && evidence.All(item => item.Verdict == Verdict.Contradicted) ? Verdict.Contradicted
        : Verdict.Unknown;
}
