using Realign.V1;

namespace Realign.Evaluation.Reading;

/// <summary>What the Gateway said of a picture.</summary>
internal sealed record VerificationRecord
{
    public required bool Verified { get; init; }

    public required int Contradicted { get; init; }

    public required int Missing { get; init; }

    public required int Unknown { get; init; }

    public float? LogLikelihood { get; init; }

    public required IReadOnlyList<ObjectVerdictRecord> Objects { get; init; }

    public required IReadOnlyList<Verdict> Relations { get; init; }

    /// <param name="verification">The Gateway's answer.</param>
    /// <param name="demand">What it refers to.</param>
    public static VerificationRecord Of(Verification verification, Demand? demand) => new()
    {
        Verified = verification.Verified,
        Contradicted = verification.Contradicted,
        Missing = verification.Missing,
        Unknown = verification.Unknown,
        LogLikelihood = verification.HasLogLikelihood ? verification.LogLikelihood : null,
        Objects = demand is null ? [] : [.. verification.Objects.Where(item => item.Entity < demand.Entities.Count).Select(item => new ObjectVerdictRecord(
            demand.Entities[item.Entity].Noun, [.. demand.Entities[item.Entity].Attributes], item.Verdict))],
        Relations = [.. verification.Relations.Select(relation => relation.Verdict)],
    };
}
