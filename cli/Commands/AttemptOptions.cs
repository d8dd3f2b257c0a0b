using System.CommandLine;
using System.CommandLine.Parsing;
using Realign.Core;
using Realign.V1;

namespace Realign.Cli.Commands;

/// <summary>Options for how often to draw, and which image to take.</summary>
internal sealed class AttemptOptions
{
    private readonly Option<int?> _attempts = new("--attempts")
    {
        Description = FormattableString.Invariant($"Draw with further seeds until an image is verified, this often at most, 1..{Limits.Attempts} [1]."),
        HelpName = "N",
    };

    private readonly Option<string?> _accept = new("--accept")
    {
        Description = "Which image to take: verified = the best of all that were drawn, always = the refined one, as published [verified].",
        HelpName = "verified|always",
    };

    private readonly Option<bool> _require = new("--require-verified")
    {
        Description = FormattableString.Invariant($"End with exit code {ExitCodes.NotVerified} when the image is not verified; it is written all the same."),
    };

    public AttemptOptions() => _accept.AcceptOnlyFromAmong(StringComparer.OrdinalIgnoreCase, "verified", "always");

    public void AddTo(Command command)
    {
        command.Options.Add(_attempts);
        command.Options.Add(_accept);
        command.Options.Add(_require);
        // a list of prompts would be refused prompt by prompt
        _attempts.Validators.Add(result =>
        {
            if (Typed(result) is { } value and (< 1 or > Limits.Attempts))
                result.AddError(FormattableString.Invariant($"--attempts takes 1 to {Limits.Attempts}, not {value}"));
        });
        command.Validators.Add(result =>
        {
            if (Typed(result.GetResult(_attempts)) > 1 && Accepted(result.GetValue(_accept)) == Accept.Always)
                result.AddError("--accept always takes the refined image of the one attempt: leave --attempts out, or accept verified");
        });
    }

    /// <summary>Whether an image that is not verified is a failure.</summary>
    public bool RequiresVerified(ParseResult parsed) => parsed.GetValue(_require);

    public void Apply(ParseResult parsed, RealignRequest request)
    {
        if (parsed.GetValue(_attempts) is { } attempts)
            request.Attempts = attempts;
        request.Accept = Accepted(parsed.GetValue(_accept));
    }

    private static Accept Accepted(string? typed) =>
        "verified".Equals(typed, StringComparison.OrdinalIgnoreCase) ? Accept.Verified
        : "always".Equals(typed, StringComparison.OrdinalIgnoreCase) ? Accept.Always
        : Accept.Unspecified;

    // what is no number is refused where it is read
    private static int? Typed(OptionResult? result) =>
        result?.Tokens is [var token] && InvariantNumbers.TryRead<int>(token.Value, out var value) ? value : null;
}
