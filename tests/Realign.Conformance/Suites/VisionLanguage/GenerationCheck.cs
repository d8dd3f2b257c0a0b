using System.Text.Json;
using Realign.Conformance.Runner;
using Realign.Tokenizers;
using Realign.VisionLanguage.Generation;

namespace Realign.Conformance.Suites.VisionLanguage;

/// <summary>Compares generated texts with one entry of <c>generation</c>.</summary>
internal static class GenerationCheck
{
    public static GenerationOptions Options(JsonElement entry, IReadOnlyList<int>? penalised)
    {
        var args = entry.GetProperty("args");
        double Number(string name, double fallback) => args.TryGetProperty(name, out var value) ? value.GetDouble() : fallback;
        return new GenerationOptions
        {
            MaxNewTokens = (int)Number("max_new_tokens", 1),
            MinNewTokens = (int)Number("min_new_tokens", 0),
            NumBeams = (int)Number("num_beams", 1),
            LengthPenalty = Number("length_penalty", 1),
            RepetitionPenalty = Number("repetition_penalty", 1),
            NumReturnSequences = (int)Number("num_return_sequences", 1),
            PenalisedIds = penalised,
        };
    }

    public static void Compare(CaseContext context, string what, JsonElement entry, JsonElement expected, IReadOnlyList<GeneratedText> found, ITextTokenizer? tokenizer)
    {
        if (!expected.TryGetProperty("beams", out var beams))
        {
            CompareText(context, what, expected, found[0], tokenizer);
            var ended = expected.TryGetProperty("ended_with_eos", out var value) ? value : expected.GetProperty("ended_with_sep");
            context.Equal($"{what} ended", ended.GetBoolean(), found[0].EndedWithEndToken);
            return;
        }

        context.Equal($"{what} beams", beams.GetArrayLength(), found.Count);
        foreach (var (beam, text) in beams.EnumerateArray().Zip(found))
        {
            CompareText(context, what, beam, text, tokenizer);
            context.Near($"{what} score", beam.GetProperty("sequence_score").GetDouble(), text.Score, entry.GetProperty("score_tolerance").GetDouble());
        }
    }

    private static void CompareText(CaseContext context, string what, JsonElement expected, GeneratedText found, ITextTokenizer? tokenizer)
    {
        context.EqualSequence($"{what} ids", Golden.Ints(expected.GetProperty("generated_ids")), found.Ids);
        if (tokenizer is not null && expected.TryGetProperty("text", out var text))
            context.Equal($"{what} text", text.GetString(), tokenizer.Decode([.. found.Ids], skipSpecialTokens: true));
    }
}
