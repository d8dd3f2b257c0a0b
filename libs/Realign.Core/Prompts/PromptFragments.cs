using System.Globalization;
using System.Text;
using Realign.Core.Errors;

namespace Realign.Core.Prompts;

/// <summary>Prompts with syntax, as fragments and as plain text.</summary>
public static class PromptFragments
{
    /// <summary>Largest weight, and with a minus sign the smallest one of web UIs.</summary>
    public const double MaxWeight = 10;

    /// <summary>The fragments of a prompt; at least one.</summary>
    /// <param name="field">Path of the prompt, for errors.</param>
    /// <param name="text">The prompt.</param>
    /// <param name="syntax">How it is read.</param>
    /// <exception cref="InvalidInputException">A weight is none or out of range, or it asks for what is not read.</exception>
    public static IReadOnlyList<PromptFragment> Parse(string field, string text, PromptSyntax syntax)
    {
        ArgumentNullException.ThrowIfNull(text);
        IReadOnlyList<PromptFragment> fragments = syntax switch
        {
            PromptSyntax.Weighted => WeightedPrompt.Parse(field, text),
            PromptSyntax.Compel => CompelPrompt.Parse(field, text),
            _ => [new PromptFragment(text, 1)],
        };
        foreach (var fragment in fragments)
        {
            if (!(fragment.Weight <= MaxWeight && fragment.Weight >= (syntax == PromptSyntax.Compel ? 0 : -MaxWeight)))
            {
                throw new InvalidInputException(field, fragment.Weight.ToString("0.####", CultureInfo.InvariantCulture),
                    "a weight that no picture survives; weights inside each other multiply",
                    FormattableString.Invariant($"use weights whose product is at most {MaxWeight}"));
            }
        }

        return fragments;
    }

    /// <summary>What the prompt says, without syntax: for readers that know of none.</summary>
    /// <param name="field">Path of the prompt, for errors.</param>
    /// <param name="text">The prompt.</param>
    /// <param name="syntax">How it is read.</param>
    /// <exception cref="InvalidInputException">As <see cref="Parse"/>.</exception>
    public static string PlainText(string field, string text, PromptSyntax syntax)
    {
        if (syntax == PromptSyntax.Plain)
            return text;
        var plain = new StringBuilder();
        foreach (var fragment in Parse(field, text, syntax))
            plain.Append(fragment.StartsChunk || (syntax == PromptSyntax.Compel && plain.Length > 0) ? " " : "").Append(fragment.Text);
        return plain.ToString().Trim();
    }

    /// <summary>Text that means itself in a syntax.</summary>
    public static string Escape(string text, PromptSyntax syntax)
    {
        ArgumentNullException.ThrowIfNull(text);
        var special = syntax switch
        {
            PromptSyntax.Weighted => @"\()[]",
            PromptSyntax.Compel => "\\()+-\"",
            _ => "",
        };
        return string.Concat(text.Select(letter => special.Contains(letter, StringComparison.Ordinal) ? $@"\{letter}" : $"{letter}"));
    }
}
