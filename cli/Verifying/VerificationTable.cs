using Realign.V1;
using Spectre.Console;

namespace Realign.Cli.Verifying;

/// <summary>A verification as a table: a line for each object and relation, with its verdict, how many were found, and why.</summary>
internal static class VerificationTable
{
    /// <summary>Writes it.</summary>
    /// <param name="console">Where.</param>
    /// <param name="attempt">The attempt of the image, from 1.</param>
    /// <param name="demand">What the prompt demands; null = unknown.</param>
    /// <param name="verification">What the image shows of it.</param>
    public static void Write(IAnsiConsole console, int attempt, Demand? demand, Verification verification)
    {
        var findings = Finding.Of(demand, verification);
        var title = $"{VerdictWords.NameOf(attempt, verification.Picture)}: {VerdictWords.Summary(verification)}";
        console.MarkupLine(Styled("bold", title));
        if (findings.Count == 0 && demand is { NothingBecause.Length: > 0 })
            console.MarkupLine($"  {Styled("grey", demand.NothingBecause)}");
        if (findings.Count > 0)
        {
            var table = new Table().Border(TableBorder.None).AddColumns("", "demanded", "found", "why");
            foreach (var finding in findings)
            {
                var sign = VerdictWords.Sign(finding.Verdict, console.Profile.Capabilities.Unicode);
                _ = table.AddRow($"  {Styled(Style(finding.Verdict), $"{sign} {finding.Word}")}", Markup.Escape(finding.Subject),
                    Markup.Escape(finding.Found), Styled("grey", finding.Why));
            }

            table.Columns[0].NoWrap();
            table.Columns[2].NoWrap();
            console.Write(table);
        }

        foreach (var unread in verification.Unread)
            console.MarkupLine($"  {Styled("yellow", $"not read: {unread}")}");

        // a file gets no escape codes
        string Styled(string style, string text) => console.Profile.Capabilities.Interactive ? $"[{style}]{Markup.Escape(text)}[/]" : Markup.Escape(text);
    }

    private static string Style(Verdict verdict) => verdict switch
    {
        Verdict.Confirmed => "green",
        Verdict.Contradicted => "red",
        _ => "yellow",
    };
}
