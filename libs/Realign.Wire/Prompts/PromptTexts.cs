using Realign.Core.Errors;
using Realign.Core.Prompts;
using Realign.Core.Text;
using Realign.V1;
using Realign.Wire.Requests;
using Syntax = Realign.Core.Prompts.PromptSyntax;

namespace Realign.Wire.Prompts;

/// <summary>Texts of a request with the syntax they are written in.</summary>
public static class PromptTexts
{
    /// <summary>The syntax of a request.</summary>
    /// <exception cref="InvalidInputException">It is unknown.</exception>
    public static Syntax SyntaxOf(GenerateRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        return Require.Known("prompt_syntax", request.PromptSyntax) switch
        {
            V1.PromptSyntax.Weighted => Syntax.Weighted,
            V1.PromptSyntax.Compel => Syntax.Compel,
            _ => Syntax.Plain,
        };
    }

    /// <summary>The word that stands for an embedding of a request.</summary>
    public static string TokenOf(TextualInversion embedding)
    {
        ArgumentNullException.ThrowIfNull(embedding);
        return CanonicalForm.Compose(embedding.HasToken ? embedding.Token : TriggerWords.TokenOf(embedding.Name));
    }

    /// <summary>The prompt, which says something and keeps to its syntax.</summary>
    /// <param name="field">Path of the prompt.</param>
    /// <param name="request">Prompt and syntax.</param>
    /// <exception cref="InvalidInputException">It is empty, too long, or breaks its syntax.</exception>
    public static string Prompt(string field, GenerateRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        _ = Require.Text(field, request.Prompt);
        _ = Require.Text(field, PromptFragments.PlainText(field, request.Prompt, SyntaxOf(request)));
        return request.Prompt;
    }

    /// <summary>A text that may be empty and keeps to a syntax.</summary>
    /// <exception cref="InvalidInputException">It is too long, or breaks its syntax.</exception>
    public static string Optional(string field, string text, Syntax syntax)
    {
        _ = Require.OptionalText(field, text);
        _ = PromptFragments.Parse(field, text, syntax);
        return text;
    }

    /// <summary>What the prompt of a request says, for readers that know of no syntax; an embedding is the plain words of its token.</summary>
    /// <exception cref="InvalidInputException">It breaks its syntax.</exception>
    public static string Plain(GenerateRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        var text = PromptFragments.PlainText("prompt", request.Prompt, SyntaxOf(request));
        return request.TextualInversions.Count == 0 ? text : Words(request).Plain(text);
    }

    private static TriggerWords Words(GenerateRequest request) =>
        new(request.TextualInversions.Select(embedding => (TokenOf(embedding), CanonicalForm.Compose(embedding.Name))));
}
