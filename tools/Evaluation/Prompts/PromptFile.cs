using System.Text;

namespace Realign.Evaluation.Prompts;

/// <summary>
/// A file with one prompt per line. Blank lines and lines that begin with # are none; line ends of any system and a byte order mark at the
/// beginning are no part of a prompt.
/// </summary>
internal static class PromptFile
{
    private const int MaxLength = 4096;

    /// <summary>The prompts of a file, in its order.</summary>
    /// <exception cref="EvaluationException">The file is not there, no text, or has no prompt.</exception>
    public static IReadOnlyList<string> Read(string path)
    {
        if (!File.Exists(path))
            throw new EvaluationException($"there is no file {path}: name a text file with one prompt per line", EvaluationException.NotThere);
        string text;
        try
        {
            text = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true).GetString(File.ReadAllBytes(path));
        }
        catch (DecoderFallbackException)
        {
            throw new EvaluationException($"{path} is not UTF-8: save it as UTF-8 text", EvaluationException.Usage);
        }

        var prompts = new List<string>();
        var number = 0;
        foreach (var line in text.TrimStart('\uFEFF').ReplaceLineEndings("\n").Split('\n'))
        {
            number++;
            var prompt = line.Trim();
            if (prompt.Length == 0 || prompt[0] == '#')
                continue;
            if (prompt.Length > MaxLength || prompt.Any(char.IsControl))
            {
                throw new EvaluationException(
                    $"line {number} of {path} is no prompt of at most {MaxLength} characters without control characters: shorten or correct it",
                    EvaluationException.Usage);
            }

            prompts.Add(prompt);
        }

        return prompts.Count > 0 ? prompts : throw new EvaluationException($"{path} holds no prompt: write one per line", EvaluationException.Usage);
    }
}
