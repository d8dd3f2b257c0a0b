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
            PenalizedIds = penalised,
        };
    }

    public static void Compare(CaseContext context, string what, JsonElement entry, JsonElement expected, IReadOnlyList<GeneratedText> found,
        ITextTokenizer tokenizer)
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

    /// <summary>
    /// Smallest distance of the two best tokens along the greedy path, after the penalties. A distance of two logits may be off by
    /// twice what one logit may, times the penalty that multiplies them.
    /// </summary>
    public static void CompareMargin(CaseContext context, string what, JsonElement expected, ITokenDecoder decoder, GenerationOptions options,
        double logitTolerance)
    {
        using var recorder = new RecordingDecoder(decoder);
        var found = TokenSearch.Run(recorder, options, CancellationToken.None)[0];
        var smallest = double.PositiveInfinity;
        for (var step = 0; step < found.Ids.Count; step++)
        {
            var logits = recorder.Logits[step];
            foreach (var id in (options.PenalizedIds ?? decoder.ContextIds).Concat(found.Ids.Take(step)).Distinct())
                logits[id] = (float)(logits[id] < 0 ? logits[id] * options.RepetitionPenalty : logits[id] / options.RepetitionPenalty);
            if (step < options.MinNewTokens)
                logits[decoder.EndTokenId] = float.NegativeInfinity;
            var best = logits.OrderDescending().Take(2).ToArray();
            smallest = Math.Min(smallest, best[0] - best[1]);
        }

        context.Near($"{what} margin", expected.GetProperty("min_logit_margin").GetDouble(), smallest, 2 * logitTolerance * Math.Max(1,
            options.RepetitionPenalty));
    }

    private static void CompareText(CaseContext context, string what, JsonElement expected, GeneratedText found, ITextTokenizer tokenizer)
    {
        context.EqualSequence($"{what} ids", Golden.Ints(expected.GetProperty("generated_ids")), found.Ids);
        var text = tokenizer.Decode([.. found.Ids], skipSpecialTokens: true);
        context.Equal($"{what} text", expected.GetProperty("text").GetString(), text);
        if (expected.TryGetProperty("text_stripped", out var stripped))
            context.Equal($"{what} text_stripped", stripped.GetString(), text.Trim());
    }
}
