using System.Globalization;
using System.Text.RegularExpressions;

namespace Realign.Evaluation.Arms;

/// <summary>
/// Reads arms: <c>[NAME=]base|fine|verified|attempts=N[:key=value,...]</c>, e.g. <c>base</c>, <c>strong=fine:power=1,fraction=0.5</c>,
/// <c>attempts=4:gateway=http://127.0.0.1:6100</c>.
/// </summary>
internal static partial class ArmParser
{
    public const string Form = "[NAME=]base|fine|verified|attempts=N[:key=value,...]";
    private const int MaxAttempts = 16;

    /// <summary>The arms of a command line, each name once.</summary>
    /// <exception cref="EvaluationException">A text is no arm, or two have one name.</exception>
    public static IReadOnlyList<Arm> ParseAll(IReadOnlyList<string> specs)
    {
        var arms = specs.Select(Parse).ToList();
        var twice = arms.GroupBy(arm => arm.Name, StringComparer.Ordinal).FirstOrDefault(group => group.Count() > 1);
        return twice is null
            ? arms
            : throw Wrong(twice.Last().Spec, $"there is another arm '{twice.Key}'", $"give it a name of its own: --arm NAME={twice.Last().Spec}");
    }

    /// <summary>One arm.</summary>
    /// <exception cref="EvaluationException">The text is no arm.</exception>
    public static Arm Parse(string spec)
    {
        if (Whole().Match(spec.Trim()) is not { Success: true } match)
            throw Wrong(spec, "it is no arm", $"write {Form}");
        var kindText = match.Groups["kind"].Value;
        var kind = kindText switch { "base" => ArmKind.Base, "fine" => ArmKind.Fine, _ => ArmKind.Attempts };
        var attempts = match.Groups["attempts"] is { Success: true, Value: var text } ? int.Parse(text, CultureInfo.InvariantCulture) : 1;
        if (attempts is < 1 or > MaxAttempts)
            throw Wrong(spec, FormattableString.Invariant($"{attempts} attempts"), FormattableString.Invariant($"use 1 to {MaxAttempts}"));
        var settings = new ArmSettings(spec, kind);
        foreach (var setting in match.Groups["settings"].Value.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            var at = setting.IndexOf('=', StringComparison.Ordinal);
            if (at <= 0 || at == setting.Length - 1)
                throw Wrong(spec, $"'{setting}' is no setting", "write key=value");
            settings.Set(setting[..at], setting[(at + 1)..]);
        }

        var name = match.Groups["name"] is { Success: true, Value: var given } ? given : match.Groups["settings"].Success ? spec.Trim() : kindText;
        return new Arm(spec.Trim(), name, kind, attempts, settings.Draw, settings.Modulation, settings.Gateway, settings.Generator);
    }

    internal static EvaluationException Wrong(string spec, string problem, string wayOut) =>
        new($"--arm {spec}: {problem}; {wayOut}", EvaluationException.Usage);

    [GeneratedRegex("^(?:(?<name>[^=:,]+)=)?(?<kind>base|fine|verified|attempts=(?<attempts>[0-9]{1,4}))(?::(?<settings>.+))?$",
        RegexOptions.CultureInvariant)]
    private static partial Regex Whole();
}
