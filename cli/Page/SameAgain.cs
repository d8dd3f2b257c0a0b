using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Text;

namespace Realign.Cli.Page;

/// <summary>The command line that gives the same images again.</summary>
internal static class SameAgain
{
    // a seed that was drawn is fixed, and what is there is not written over
    private static readonly string[] Replaced = ["--seed", "--out"];

    /// <summary>What was typed, with the seed that was used.</summary>
    public static string CommandLine(ParseResult parsed, ulong seed)
    {
        var line = new StringBuilder(RealignCli.ProgramName).Append(' ').Append(parsed.CommandResult.Command.Name);
        foreach (var argument in parsed.CommandResult.Children.OfType<ArgumentResult>().SelectMany(result => result.Tokens))
            line.Append(' ').Append(Quote(argument.Value));
        line.Append(CultureInfo.InvariantCulture, $" --seed {seed}");
        foreach (var option in parsed.CommandResult.Children.OfType<OptionResult>())
        {
            if (option.Implicit || Replaced.Contains(option.Option.Name))
                continue;
            if (option.Tokens.Count == 0)
                line.Append(' ').Append(option.Option.Name);
            foreach (var value in option.Tokens)
                line.Append(' ').Append(option.Option.Name).Append(' ').Append(Word(value.Value));
        }

        return line.ToString();
    }

    // plain words need no quotes
    private static string Word(string text) =>
        text.Length > 0 && text.All(letter => char.IsAsciiLetterOrDigit(letter) || "-_./:=,".Contains(letter, StringComparison.Ordinal)) ? text : Quote(text);

    private static string Quote(string text) => $"'{text.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
