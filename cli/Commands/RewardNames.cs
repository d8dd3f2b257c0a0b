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

    /// <summary>Reads rewards with their weights, e.g. <c>caption=1,likelihood=0.2</c>.</summary>
    /// <param name="text">The text.</param>
    /// <param name="encoder">f_enc of the caption reward: <c>paper</c> or <c>official-code</c>; null = what is loaded.</param>
    /// <exception cref="CliException">It names something else.</exception>
    public static IEnumerable<RewardSpec> Read(string text, string? encoder = null)
    {
        foreach (var part in text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            var pieces = part.Split('=', 2);
            if (!Kinds.TryGetValue(pieces[0], out var kind))
                throw new CliException($"there is no reward '{pieces[0]}': use {string.Join(", ", Kinds.Keys)}", ExitCodes.Usage);
            var spec = new RewardSpec { Kind = kind };
            if (pieces.Length == 2)
            {
                spec.Weight = InvariantNumbers.TryRead<float>(pieces[1], out var weight)
                    ? weight
                    : throw new CliException($"the weight '{pieces[1]}' of {pieces[0]} is not a number", ExitCodes.Usage);
            }

            spec.TextEncoder = encoder switch
            {
                "paper" => TextEncoderPreset.Paper,
                "official-code" => TextEncoderPreset.OfficialCode,
                _ => TextEncoderPreset.Unspecified,
            };
            yield return spec;
        }
    }
}
