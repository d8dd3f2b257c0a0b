using Realign.V1;
using Realign.Wire.Requests;

namespace Realign.Cli.Commands;

/// <summary>Rewards as the command line spells them: <c>pick-score</c> for REWARD_KIND_PICK_SCORE.</summary>
internal static class RewardNames
{
    /// <summary>All of them.</summary>
    public static IReadOnlyDictionary<string, RewardKind> Kinds { get; } =
        Enum.GetValues<RewardKind>().Skip(1).ToDictionary(Of, StringComparer.OrdinalIgnoreCase);

    /// <summary>One of them.</summary>
    public static string Of(RewardKind kind) => ProtoNames.Short(kind).ToLowerInvariant().Replace('_', '-');
}
