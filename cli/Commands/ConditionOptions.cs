using System.CommandLine;
using Realign.V1;

namespace Realign.Cli.Commands;

/// <summary>
/// Options for what the model gets beside the prompt: a picture to start from and its mask, texts and sizes of XL; named as the fields of GenerateRequest.
/// </summary>
internal sealed class ConditionOptions
{
    private readonly Option<string?> _initImage = new("--init-image")
    {
        Description = "Start from a PNG, JPEG or WebP file instead of noise (image to image); others where the Generator reads them.",
        HelpName = "FILE",
    };

    private readonly Option<float?> _strength = new("--strength")
    {
        Description = "Share of the noise schedule that is run on --init-image, above 0 up to 1 [0.8; with --mask 1].",
        HelpName = "X",
    };

    private readonly Option<string?> _mask = new("--mask")
    {
        Description = "Draw only a part of --init-image anew: a picture of its size, white = anew, black = kept (inpainting).",
        HelpName = "FILE",
    };

    /// <summary>How its picture files are read.</summary>
    public PictureOptions Pictures { get; } = new();

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

    private readonly Option<string?> _syntax = new("--prompt-syntax")
    {
        Description = "What brackets, signs and numbers of the prompts mean: weighted as web UIs, (red car:1.3); compel, (red car)1.3 [plain].",
        HelpName = "plain|weighted|compel",
    };

    private readonly Option<int?> _chunks = new("--prompt-chunks")
    {
        Description = "Chunks of 75 tokens that a prompt may fill, 1..8 [1].",
        HelpName = "N",
    };

    private readonly Option<int?> _clipSkip = new("--clip-skip")
    {
        Description = "Layers to leave out at the end of the text encoder [0].",
        HelpName = "N",
    };

    private readonly SizeOptions _sizes = new("", "XL", "what is generated", "0x0", "6");

    private readonly SizeOptions _negativeSizes = new(
        "negative-", "XL, negative prompt", "as for the prompt; with another --negative-... of these, what is generated",
        "as for the prompt; with another --negative-... of these, 0x0", "2.5");

    public ConditionOptions() => _syntax.AcceptOnlyFromAmong("plain", "weighted", "compel");

    public void AddTo(Command command)
    {
        foreach (var option in (Option[])[_initImage, _mask, _strength, _prompt2, _negativePrompt2, _syntax, _chunks, _clipSkip])
            command.Options.Add(option);
        Pictures.AddTo(command);
        _sizes.AddTo(command);
        _negativeSizes.AddTo(command);
    }

    /// <summary>Ranges are checked by the Generator, which says what is wrong.</summary>
    public void Apply(ParseResult parsed, GenerateRequest request)
    {
        if (parsed.GetValue(_initImage) is { } file)
            request.InitImage = Pictures.Read(parsed, file);
        if (parsed.GetValue(_mask) is { } mask)
            request.Mask = Pictures.Read(parsed, mask);
        if (parsed.GetValue(_strength) is { } strength)
            request.Strength = strength;
        request.Prompt2 = parsed.GetValue(_prompt2) ?? "";
        request.NegativePrompt2 = parsed.GetValue(_negativePrompt2) ?? "";
        request.PromptSyntax = parsed.GetValue(_syntax) switch
        {
            "weighted" => PromptSyntax.Weighted,
            "compel" => PromptSyntax.Compel,
            "plain" => PromptSyntax.Plain,
            _ => PromptSyntax.Unspecified,
        };
        if (parsed.GetValue(_chunks) is { } chunks)
            request.PromptChunks = chunks;
        if (parsed.GetValue(_clipSkip) is { } skip)
            request.ClipSkip = skip;
        request.Sizes = _sizes.Read(parsed);
        request.NegativeSizes = _negativeSizes.Read(parsed);
    }
}
