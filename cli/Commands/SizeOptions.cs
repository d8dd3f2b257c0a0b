using System.CommandLine;
using System.Globalization;
using Realign.V1;

namespace Realign.Cli.Commands;

/// <summary>Options for the sizes an XL model is told, of the prompt or of the negative prompt.</summary>
/// <param name="prefix">What their names begin with.</param>
/// <param name="purpose">What their descriptions begin with.</param>
/// <param name="size">What holds when a size is left out.</param>
/// <param name="cropped">What holds when the crop is left out.</param>
/// <param name="score">What holds when the score is left out.</param>
internal sealed class SizeOptions(string prefix, string purpose, string size, string cropped, string score)
{
    private readonly Option<string?> _original = new($"--{prefix}original-size")
    {
        Description = $"{purpose}: size the model is told of the picture before cropping [{size}].",
        HelpName = "WIDTHxHEIGHT",
    };

    private readonly Option<string?> _target = new($"--{prefix}target-size")
    {
        Description = $"{purpose}: size the model is told is wanted [{size}].",
        HelpName = "WIDTHxHEIGHT",
    };

    private readonly Option<string?> _crop = new($"--{prefix}crop")
    {
        Description = $"{purpose}: columns and rows the model is told were cropped at left and top [{cropped}].",
        HelpName = "LEFTxTOP",
    };

    private readonly Option<float?> _score = new($"--{prefix}aesthetic-score")
    {
        Description = $"{purpose}: what the refiner is told of how well the picture shall look, 0..10 [{score}].",
        HelpName = "X",
    };

    public void AddTo(Command command)
    {
        command.Options.Add(_original);
        command.Options.Add(_target);
        command.Options.Add(_crop);
        command.Options.Add(_score);
    }

    /// <returns>Null when none was given.</returns>
    public SizeConditions? Read(ParseResult parsed)
    {
        if ((parsed.GetValue(_original) ?? parsed.GetValue(_target) ?? parsed.GetValue(_crop)) is null && parsed.GetValue(_score) is null)
            return null;
        var sizes = new SizeConditions();
        if (Pair(parsed, _original) is { } before)
            (sizes.OriginalWidth, sizes.OriginalHeight) = before;
        if (Pair(parsed, _target) is { } wanted)
            (sizes.TargetWidth, sizes.TargetHeight) = wanted;
        if (Pair(parsed, _crop) is { } crop)
            (sizes.CropLeft, sizes.CropTop) = crop;
        if (parsed.GetValue(_score) is { } score)
            sizes.AestheticScore = score;
        return sizes;
    }

    private static (int, int)? Pair(ParseResult parsed, Option<string?> option)
    {
        if (parsed.GetValue(option) is not { } text)
            return null;
        return text.Split('x') is [var first, var second]
            && int.TryParse(first, NumberStyles.None, CultureInfo.InvariantCulture, out var width)
            && int.TryParse(second, NumberStyles.None, CultureInfo.InvariantCulture, out var height)
            ? (width, height)
            : throw new CliException($"{option.Name} takes two whole numbers with an x between them, e.g. 1024x768; not '{text}'", ExitCodes.Usage);
    }
}
