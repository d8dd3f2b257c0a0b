using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Numerics;

namespace Realign.Cli.Commands;

/// <summary>
/// The one reader of numbers on the command line: digits, a point, an exponent, whatever the language of the machine. What it does not
/// understand is refused: <c>4,5</c> is not forty-five.
/// </summary>
internal static class InvariantNumbers
{
    /// <summary>Makes every option of a command and of its subcommands that takes a number read it this way.</summary>
    public static void ApplyTo(Command command)
    {
        foreach (var option in command.Options)
            Apply(option);
        foreach (var subcommand in command.Subcommands)
            ApplyTo(subcommand);
    }

    /// <summary>Reads one number.</summary>
    public static bool TryRead<T>(ReadOnlySpan<char> text, out T value)
        where T : struct, INumber<T> =>
        T.TryParse(text, IsWhole<T>() ? NumberStyles.AllowLeadingSign
            : NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent,
            CultureInfo.InvariantCulture, out value)
        && T.IsFinite(value);

    private static void Apply(Option option)
    {
        switch (option)
        {
            case Option<int> number:
                number.CustomParser = result => Read<int>(result, option.Name) ?? 0;
                break;
            case Option<int?> number:
                number.CustomParser = result => Read<int>(result, option.Name);
                break;
            case Option<ulong?> number:
                number.CustomParser = result => Read<ulong>(result, option.Name);
                break;
            case Option<float?> number:
                number.CustomParser = result => Read<float>(result, option.Name);
                break;
            case Option<double> number:
                number.CustomParser = result => Read<double>(result, option.Name) ?? 0;
                break;
            case Option<double?> number:
                number.CustomParser = result => Read<double>(result, option.Name);
                break;
            default:
                break;
        }
    }

    private static T? Read<T>(ArgumentResult result, string name)
        where T : struct, INumber<T>
    {
        var text = result.Tokens.Count == 1 ? result.Tokens[0].Value : "";
        if (TryRead<T>(text, out var value))
            return value;
        result.AddError($"{name} takes {Expected<T>()}, not '{text}'.{(IsWhole<T>() ? "" : " Decimals have a point: 0.7")}");
        return null;
    }

    private static string Expected<T>()
        where T : struct, INumber<T> => (IsWhole<T>(), T.IsNegative(T.Zero - T.One)) switch
        {
            (false, _) => "a number",
            (true, true) => "a whole number",
            (true, false) => "a whole number from 0 on",
        };

    private static bool IsWhole<T>()
        where T : struct, INumber<T> => T.One / (T.One + T.One) == T.Zero;
}
