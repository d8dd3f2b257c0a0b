using Realign.Core.Errors;
using Realign.Core.Text;
using Realign.Diffusion.TextualInversion;
using Realign.V1;
using Realign.Wire.Prompts;
using Realign.Wire.Requests;

namespace Realign.Generator.Requests;

/// <summary>Checks the embeddings of a request.</summary>
internal static class TextualInversionReader
{
    private const int MaxEmbeddings = 16;
    private const int MaxNameLength = 200;

    public static IReadOnlyList<TextualInversionChoice> Read(GenerateRequest request)
    {
        Require.Count("textual_inversions", request.TextualInversions.Count, 0, MaxEmbeddings);
        return [.. request.TextualInversions.Select((embedding, index) => Read($"textual_inversions[{index}]", embedding))];
    }

    private static TextualInversionChoice Read(string field, TextualInversion embedding)
    {
        // composed, so that a name is one name however it was typed
        var name = CanonicalForm.Compose(Require.Text($"{field}.name", embedding.Name, MaxNameLength));
        if (embedding.HasToken)
            _ = Require.Text($"{field}.token", embedding.Token, MaxNameLength);
        var token = PromptTexts.TokenOf(embedding);
        if (token.Any(char.IsWhiteSpace) || !token.Any(char.IsLetterOrDigit))
        {
            throw new InvalidInputException($"{field}.token", token, "it is not one word with a letter or a digit",
                embedding.HasToken ? "use one without blanks" : "give the embedding a token");
        }

        return new TextualInversionChoice(name, token);
    }
}
