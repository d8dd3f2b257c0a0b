using Realign.Diffusion.Pipelines;
using Realign.Diffusion.TextualInversion;

namespace Realign.Diffusion.Generation;

/// <summary>The words of an encoded prompt and the columns of their tokens.</summary>
internal static class WordColumns
{
    /// <summary>In the order of the prompt; punctuation is left out.</summary>
    public static IReadOnlyList<(string Word, IReadOnlyList<int> Columns)> Of(PromptVocabulary vocabulary, EncodedPrompt prompt)
    {
        var words = new List<(string, IReadOnlyList<int>)>();
        var columns = new List<int>();
        for (var i = 0; i < prompt.Tokens.Columns.Count; i++)
        {
            var column = prompt.Tokens.Columns[i];
            columns.Add(column);
            if (!vocabulary.EndsWord(prompt.Tokens.Ids[column]) && i + 1 < prompt.Tokens.Columns.Count)
                continue;
            var word = vocabulary.Decode([.. columns.Select(at => prompt.Tokens.Ids[at])], skipSpecialTokens: true);
            if (word.Any(char.IsLetterOrDigit))
                words.Add((word, [.. columns]));
            columns.Clear();
        }

        return words;
    }
}
