using Realign.V1;

namespace Realign.Cli.Commands;

/// <summary>What of a request had no effect on its images, as sentences.</summary>
internal static class GenerateNotes
{
    public static IEnumerable<string> Of(GenerateResult result)
    {
        if (result.TruncatedPrompt.Length > 0)
            yield return $"the prompt is too long for the text encoder; not read: \"{result.TruncatedPrompt}\"";
    }
}
