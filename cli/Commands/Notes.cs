using Realign.V1;

namespace Realign.Cli.Commands;

/// <summary>What of a request a model did not read, or what had no effect, as sentences.</summary>
internal static class Notes
{
    /// <summary>Of one result of the Generator.</summary>
    public static IEnumerable<string> Of(GenerateResult result) => Of(result, "");

    /// <summary>
    /// Of both images of a flow; what holds for both is said once. That the settings of the fine stage do nothing to a coarse image is no
    /// news: it has no segments yet.
    /// </summary>
    public static IEnumerable<string> Of(GenerateResult coarse, GenerateResult? refined)
    {
        List<string> first = [.. Of(coarse, "modulation")];
        return refined is null ? first : first.Concat(Of(refined).Except(first).Select(note => $"refined image: {note}"));
    }

    /// <summary>Of one scored image.</summary>
    public static IEnumerable<string> Of(RewardValue value)
    {
        var name = RewardNames.Of(value.Kind);
        if (value.TruncatedPrompt.Length > 0)
            yield return $"{name}: the prompt is too long for the model; not read: \"{value.TruncatedPrompt}\"";
        if (value.TruncatedCaption.Length > 0)
            yield return $"{name}: the caption \"{value.Caption}\" is too long for the text encoder; not read: \"{value.TruncatedCaption}\"";
    }

    /// <summary>Of a caption.</summary>
    public static IEnumerable<string> Of(CaptionRequest request, CaptionResponse response)
    {
        if (request.Prompt.Length > 0)
            yield return $"tokens of --prompt that the model read: {response.NumPromptTokens}";
        if (!response.Finished)
            yield return $"the caption was cut after {response.NumTokens} tokens; --max-new-tokens allows more, as far as the model has room";
    }

    private static IEnumerable<string> Of(GenerateResult result, string expected)
    {
        foreach (var (name, rest) in new[]
        {
            ("the prompt is too long for the text encoder", result.TruncatedPrompt),
            ("the negative prompt is too long for the text encoder", result.TruncatedNegativePrompt),
            ("the prompt is too long for the second text encoder", result.TruncatedPrompt2),
            ("the negative prompt is too long for the second text encoder", result.TruncatedNegativePrompt2),
        })
        {
            if (rest.Length > 0)
                yield return $"{name}; not read: \"{rest}\"";
        }

        foreach (var ignored in result.Ignored.Where(ignored => ignored.Field != expected))
            yield return $"{ignored.Field} changed nothing: {ignored.Reason}";
        foreach (var segment in result.Segments.Where(segment => segment.IgnoredBecause.Length > 0))
            yield return $"{segment.Phrase}: {segment.IgnoredBecause}";
    }
}
