using System.Globalization;
using Realign.Diffusion.UNet;

namespace Realign.Diffusion.Adapters;

/// <summary>
/// Names of the UNet's blocks: diffusers' (<c>down_blocks.1</c>, <c>mid_block</c>, these with <c>.attentions.0</c> or <c>.resnets.0</c>) and those of
/// the web UIs (<c>IN04</c>, <c>MID</c>, <c>OUT05</c>), which number the first authors' blocks.
/// </summary>
internal static class BlockNames
{
    private const string Middle = "mid_block";

    /// <summary>The blocks that a layer is in, from the widest to the narrowest.</summary>
    public static IReadOnlyList<string> Of(UNet2DConditionConfig config, string path)
    {
        var numbered = Numbered(FirstNames.Of(config, path));
        return path.Split('.') switch
        {
            [Middle, var kind, var index, ..] => [Middle, $"{Middle}.{kind}.{index}"],
            ["down_blocks" or "up_blocks", _, _, _, ..] and [var way, var level, var kind, var index, ..] =>
                [$"{way}.{level}", .. numbered, $"{way}.{level}.{kind}.{index}"],
            [var first, ..] => [first, .. numbered],
            _ => [],
        };
    }

    /// <summary>The name that <see cref="Of"/> gives: MID is diffusers' mid_block; the web UIs' names in any case.</summary>
    public static string Canonical(string name) => name.ToUpperInvariant() switch
    {
        "MID" or "M00" => Middle,
        ['I', 'N', _, _] upper => upper,
        ['O', 'U', 'T', _, _] upper => upper,
        _ => name,
    };

    private static IEnumerable<string> Numbered(string? first) => first?.Split('.') switch
    {
        ["input_blocks", var number, ..] => [$"IN{int.Parse(number, CultureInfo.InvariantCulture):00}"],
        ["output_blocks", var number, ..] => [$"OUT{int.Parse(number, CultureInfo.InvariantCulture):00}"],
        _ => [],
    };
}
