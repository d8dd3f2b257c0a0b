using System.Globalization;
using System.Text.RegularExpressions;
using Realign.Core.Errors;

namespace Realign.Core.Prompts;

/// <summary>
/// Weights as web UIs read them (stable-diffusion-webui, <c>parse_prompt_attention</c>): round brackets multiply by 1.1 or by the number behind the colon,
/// square ones divide by 1.1; brackets that are left open reach to the end.
/// </summary>
internal static partial class WeightedPrompt
{
    private const double Round = 1.1;
    private const double Square = 1 / 1.1;

    public static IReadOnlyList<PromptFragment> Parse(string field, string text)
    {
        Refuse(field, text);
        var pieces = new List<PromptFragment>();
        var (round, square) = (new Stack<int>(), new Stack<int>());
        foreach (Match match in Piece().Matches(text))
        {
            var piece = match.Value;
            if (piece[0] == '\\')
                pieces.Add(new PromptFragment(piece[1..], 1));
            else if (piece == "(")
                round.Push(pieces.Count);
            else if (piece == "[")
                square.Push(pieces.Count);
            else if (match.Groups[1].Success && round.Count > 0)
                Multiply(pieces, round.Pop(), Number(field, match.Groups[1].Value));
            else if (piece == ")" && round.Count > 0)
                Multiply(pieces, round.Pop(), Round);
            else if (piece == "]" && square.Count > 0)
                Multiply(pieces, square.Pop(), Square);
            else
                pieces.AddRange(Break().Split(piece).Select((part, index) => new PromptFragment(part, 1, index > 0)));
        }

        foreach (var start in round)
            Multiply(pieces, start, Round);
        foreach (var start in square)
            Multiply(pieces, start, Square);
        return Joined(pieces);
    }

    private static void Multiply(List<PromptFragment> pieces, int start, double factor)
    {
        for (var i = start; i < pieces.Count; i++)
            pieces[i] = pieces[i] with { Weight = pieces[i].Weight * factor };
    }

    private static List<PromptFragment> Joined(List<PromptFragment> pieces)
    {
        var joined = new List<PromptFragment>();
        foreach (var piece in pieces)
        {
            if (joined is [.., var last] && !piece.StartsChunk && last.Weight.Equals(piece.Weight))
                joined[^1] = last with { Text = last.Text + piece.Text };
            else
                joined.Add(piece);
        }

        return joined.Count > 0 ? joined : [new PromptFragment("", 1)];
    }

    private static double Number(string field, string text) => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
        ? number
        : throw new InvalidInputException(field, $"({text})", "the weight is no number", "write it as (words:1.3)");

    // what web UIs read, and this does not: silence would draw something else
    private static void Refuse(string field, string text)
    {
        if (Editing().Match(text) is { Success: true } editing)
        {
            throw new InvalidInputException(field, editing.Value, "prompts that change while a picture is drawn are not read",
                @"write one prompt, or \[ for a bracket that means itself");
        }

        if (Composition().IsMatch(text))
            throw new InvalidInputException(field, "AND", "composed prompts are not read", "write one prompt, or and in small letters");
        if (OddNumber().Match(text) is { Success: true } odd)
        {
            throw new InvalidInputException(field, odd.Value, "the weight is no plain number",
                FormattableString.Invariant($"write it as (words:1.3), up to {PromptFragments.MaxWeight}"));
        }
    }

    [GeneratedRegex(@"\\\(|\\\)|\\\[|\\\]|\\\\|\\|\(|\[|:\s*([+-]?[.\d]+)\s*\)|\)|\]|[^\\()\[\]:]+|:")]
    private static partial Regex Piece();

    [GeneratedRegex(@"\s*\bBREAK\b\s*")]
    private static partial Regex Break();

    [GeneratedRegex(@"(?<!\\)\[[^\[\]]*(?::\s*[\d.]+\s*|\|[^\[\]]*)\]")]
    private static partial Regex Editing();

    [GeneratedRegex(@"\bAND\b")]
    private static partial Regex Composition();

    [GeneratedRegex(@":\s*[+-]?(?:[\d.]+[eE][+-]?\d+|nan|inf|infinity)\s*\)", RegexOptions.IgnoreCase)]
    private static partial Regex OddNumber();
}
