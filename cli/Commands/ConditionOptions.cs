using System.CommandLine;
using System.Globalization;
using Google.Protobuf;
using Realign.V1;

namespace Realign.Cli.Commands;

/// <summary>
/// Options for what the model gets beside the prompt: a picture to start from, texts and sizes of XL; named as the fields of GenerateRequest.
/// </summary>
internal sealed class ConditionOptions
{
    private readonly Option<string?> _initImage = new("--init-image")
    {
        Description = "Start from a PNG, JPEG or WebP file instead of noise (image to image).",
        HelpName = "FILE",
    };

    private readonly Option<float?> _strength = new("--strength")
    {
        Description = "Share of the noise schedule that is run on --init-image, above 0 up to 1 [0.8].",
        HelpName = "X",
    };

    private readonly Option<string?> _prompt2 = new("--prompt-2")
    {
        Description = "XL: prompt of the second text encoder [the prompt].",
        HelpName = "TEXT",
    };

    private readonly Option<string?> _negativePrompt2 = new("--negative-prompt-2")
    {
        Description = "XL: negative prompt of the second text encoder [the negative prompt].",
        HelpName = "TEXT",
    };

    private readonly Option<int?> _clipSkip = new("--clip-skip")
    {
        Description = "Layers to leave out at the end of the text encoder [0].",
        HelpName = "N",
    };

    private readonly Option<string?> _originalSize = new("--original-size")
    {
        Description = "XL: size the model is told of the picture before cropping [what is generated].",
        HelpName = "WIDTHxHEIGHT",
    };

    private readonly Option<string?> _targetSize = new("--target-size")
    {
        Description = "XL: size the model is told is wanted [what is generated].",
        HelpName = "WIDTHxHEIGHT",
    };

    private readonly Option<string?> _crop = new("--crop")
    {
        Description = "XL: columns and rows the model is told were cropped at left and top [0x0].",
        HelpName = "LEFTxTOP",
    };


    public void AddTo(Command command)
    {
        foreach (var option in (Option[])[_initImage, _strength, _prompt2, _negativePrompt2, _clipSkip, _originalSize, _targetSize, _crop])
            command.Options.Add(option);
    }

    /// <summary>Ranges are checked by the Generator, which says what is wrong.</summary>
    public void Apply(ParseResult parsed, GenerateRequest request)
    {
        if (parsed.GetValue(_initImage) is { } file)
            request.InitImage = Read(file);
        if (parsed.GetValue(_strength) is { } strength)
            request.Strength = strength;
        request.Prompt2 = parsed.GetValue(_prompt2) ?? "";
        request.NegativePrompt2 = parsed.GetValue(_negativePrompt2) ?? "";
        if (parsed.GetValue(_clipSkip) is { } skip)
            request.ClipSkip = skip;
        if ((parsed.GetValue(_originalSize) ?? parsed.GetValue(_targetSize) ?? parsed.GetValue(_crop)) is null)
            return;
        request.Sizes = new SizeConditions();
        if (Pair("--original-size", parsed.GetValue(_originalSize)) is { } original)
            (request.Sizes.OriginalWidth, request.Sizes.OriginalHeight) = original;
        if (Pair("--target-size", parsed.GetValue(_targetSize)) is { } target)
            (request.Sizes.TargetWidth, request.Sizes.TargetHeight) = target;
        if (Pair("--crop", parsed.GetValue(_crop)) is { } crop)
            (request.Sizes.CropLeft, request.Sizes.CropTop) = crop;
    }

    private static Image Read(string file) => File.Exists(file)
        ? new Image { Encoded = ByteString.CopyFrom(File.ReadAllBytes(file)) }
        : throw new CliException($"there is no file {file}", ExitCodes.Usage);

    private static (int, int)? Pair(string option, string? text)
    {
        if (text is null)
            return null;
        return text.Split('x') is [var first, var second]
            && int.TryParse(first, NumberStyles.None, CultureInfo.InvariantCulture, out var width)
            && int.TryParse(second, NumberStyles.None, CultureInfo.InvariantCulture, out var height)
            ? (width, height)
            : throw new CliException($"{option} takes two whole numbers with an x between them, e.g. 1024x768; not '{text}'", ExitCodes.Usage);
    }
}
