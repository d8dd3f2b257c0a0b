using System.Text.Json;
using Realign.Conformance.Runner;
using Realign.Llama;
using Realign.Safetensors;

namespace Realign.Conformance.Suites.Llm;

/// <summary>Logits, greedy texts, perplexity, choices and grammar-forced texts of every file, exact and with llama.cpp's default settings.</summary>
internal sealed class GenerationSuite : IConformanceSuite
{
    public string Folder => "llm";

    public IEnumerable<ConformanceCase> Cases(string folder)
    {
        var tolerances = LlmPack.Json(folder, "tolerances.json");
        foreach (var (model, name) in LlmPack.ModelFolders(folder))
        {
            var goldens = LlmPack.Json(folder, name, "goldens.json").GetProperty("files");
            foreach (var file in LlmPack.Files(model))
            {
                var path = Path.Combine(folder, name, file);
                var golden = goldens.GetProperty(file);
                var type = Path.GetFileNameWithoutExtension(file).Split('-')[1].ToUpperInvariant();
                foreach (var setting in tolerances.GetProperty($"{name}/{file}").EnumerateObject())
                {
                    var run = new Run(path, setting.Name != "defaults", setting.Value, Path.Combine(folder, name, "logits.safetensors"), type);
                    var prefix = $"{name}/{file}/{setting.Name}";
                    yield return new ConformanceCase($"logits/{prefix}", context => run.Logits(context, golden.GetProperty("prompts")));
                    foreach (var (test, index) in golden.GetProperty("greedy").EnumerateArray().Select((test, index) => (test, index)))
                        yield return new ConformanceCase($"greedy/{prefix}/{index}", context => run.Greedy(context, test));
                    foreach (var (test, index) in golden.GetProperty("perplexity").EnumerateArray().Select((test, index) => (test, index)))
                        yield return new ConformanceCase($"perplexity/{prefix}/{index}", context => run.Perplexity(context, test));
                    foreach (var (test, index) in golden.GetProperty("choices").EnumerateArray().Select((test, index) => (test, index)))
                        yield return new ConformanceCase($"choices/{prefix}/{index}", context => run.Choices(context, test));
                    foreach (var test in golden.GetProperty("grammar").EnumerateArray())
                        yield return new ConformanceCase($"grammar/{prefix}/{LlmPack.Text(test, "name")}", context => run.Grammar(context, test));
                }
            }
        }
    }

    private sealed record Run(string File, bool FullPrecision, JsonElement Tolerances, string LogitsFile, string Type)
    {
        private double Margin => Tolerance("compare_argmax_above_margin");

        public void Logits(CaseContext context, JsonElement prompts)
        {
            using var work = Open();
            using var file = SafetensorsFile.Open(LogitsFile);
            var size = work.Model.Vocabulary.Size;
            var expected = file.ReadSingles($"{Type}.last_logits");
            var native = Tolerances.TryGetProperty("logits_vs_llamacpp_x64", out _) ? file.ReadSingles($"{Type}.last_logits_llamacpp_x64") : null;
            var index = 0;
            foreach (var prompt in prompts.EnumerateArray())
            {
                var ids = work.Model.Vocabulary.Tokenize(LlmPack.Text(prompt, "text"), addSpecial: true, parseSpecial: true);
                context.EqualSequence($"prompt {index} ids", LlmPack.Ints(prompt.GetProperty("ids")), ids);
                work.Clear();
                var logits = TokenLikelihood.Logits(work, ids);
                context.Near($"prompt {index} logits", expected.AsSpan(index * size, size), logits, Tolerance("logits"));
                if (native is not null)
                    context.Near($"prompt {index} logits of llama.cpp", native.AsSpan(index * size, size), logits, Tolerance("logits_vs_llamacpp_x64"));
                if (prompt.GetProperty("top1_margin").GetDouble() > Margin)
                    context.Equal($"prompt {index} best token", LlmPack.Ints(prompt.GetProperty("top5_ids"))[0], GreedyDecoder.Best(logits));
                if (file.Entries.ContainsKey($"{Type}.all_logits_prompt{index}"))
                {
                    context.Near($"prompt {index} all logits", file.ReadSingles($"{Type}.all_logits_prompt{index}"), TokenLikelihood.AllLogits(work, ids),
                        Tolerance("logits"));
                }

                index++;
            }
        }

        public void Greedy(CaseContext context, JsonElement test)
        {
            using var work = Open();
            var ids = LlmPack.Ints(test.GetProperty("ids"));
            var expected = LlmPack.Ints(test.TryGetProperty("continuation_llamacpp_x64", out var native) ? native : test.GetProperty("continuation"));
            context.EqualSequence("ids", ids, work.Model.Vocabulary.Tokenize(LlmPack.Text(test, "text"), addSpecial: true, parseSpecial: true));
            context.Equal("continuation_text", LlmPack.Hex(test.GetProperty("continuation_text")),
                Convert.ToHexStringLower(work.Model.Vocabulary.Detokenize(LlmPack.Ints(test.GetProperty("continuation")), unparseSpecial: true)));
            // a step without a clear winner may go another way, and then every later one does
            if (test.GetProperty("min_margin").GetDouble() <= Margin)
            {
                Plausible(context, work, ids, expected);
                return;
            }

            var answer = GreedyDecoder.Decode(work, ids, new GreedyOptions { MaxTokens = expected.Length, StopAtEnd = false }, CancellationToken.None);
            context.EqualSequence("continuation", expected, answer.Tokens);
            if (test.GetProperty("stops_at").ValueKind == JsonValueKind.Number && native.ValueKind == JsonValueKind.Undefined)
            {
                work.Clear();
                var stopped = GreedyDecoder.Decode(work, ids, new GreedyOptions { MaxTokens = expected.Length }, CancellationToken.None);
                context.Equal("stops_at", test.GetProperty("stops_at").GetInt32(), stopped.Tokens.Count - 1);
            }
        }

        /// <summary>Each golden token is the best one, or as good within what two logits may be off.</summary>
        private void Plausible(CaseContext context, LlamaContext work, int[] prompt, int[] continuation)
        {
            var size = work.Model.Vocabulary.Size;
            var logits = TokenLikelihood.AllLogits(work, [.. prompt, .. continuation[..^1]]);
            for (var step = 0; step < continuation.Length; step++)
            {
                var row = logits.AsSpan((prompt.Length - 1 + step) * size, size);
                context.Near($"distance to the best at step {step}", row[GreedyDecoder.Best(row)!.Value] - row[continuation[step]], 2 * Tolerance("logits"));
            }
        }

        public void Perplexity(CaseContext context, JsonElement test)
        {
            using var work = Open();
            var ids = work.Model.Vocabulary.Tokenize(LlmPack.Text(test, "text"), addSpecial: true, parseSpecial: true);
            context.EqualSequence("ids", LlmPack.Ints(test.GetProperty("ids")), ids);
            var likelihood = TokenLikelihood.LogProbabilities(work, ids);
            CompareTokens(context, "token_nll", LlmPack.Doubles(test.GetProperty("token_nll")), [.. likelihood.Select(value => -value)]);
            context.Near("mean_nll", test.GetProperty("mean_nll").GetDouble(), -likelihood.Average(), Tolerance("mean_nll"));
        }

        // a logarithm of a probability is off by at most twice what a logit is; the pack has six decimals
        private void CompareTokens(CaseContext context, string what, double[] expected, double[] actual)
        {
            context.Equal($"{what} count", expected.Length, actual.Length);
            foreach (var (index, value) in expected.Index())
                context.Near($"{what} {index}", value, actual[index], (2 * Tolerance("logits")) + 5e-7);
        }

        public void Choices(CaseContext context, JsonElement test)
        {
            using var work = Open();
            var prompt = work.Model.Vocabulary.Tokenize(LlmPack.Text(test, "prompt"), addSpecial: true, parseSpecial: true);
            context.EqualSequence("prompt_ids", LlmPack.Ints(test.GetProperty("prompt_ids")), prompt);
            var (sums, means) = (new List<double>(), new List<double>());
            foreach (var option in test.GetProperty("options").EnumerateArray())
            {
                var ids = TokenLikelihood.Continuation(work.Model.Vocabulary, LlmPack.Text(option, "text"));
                context.EqualSequence($"option '{LlmPack.Text(option, "text")}'", LlmPack.Ints(option.GetProperty("ids")), ids);
                var tokens = TokenLikelihood.LogProbabilities(work, [.. prompt, .. ids])[^ids.Length..];
                CompareTokens(context, "token_logprobs", LlmPack.Doubles(option.GetProperty("token_logprobs")), tokens);
                var sum = tokens.Sum();
                context.Near("sum", option.GetProperty("sum").GetDouble(), sum, Tolerance("choice_sum"));
                context.Near("mean", option.GetProperty("mean").GetDouble(), sum / ids.Length, Tolerance("choice_sum"));
                sums.Add(sum);
                means.Add(sum / ids.Length);
            }

            Best("sum", sums);
            Best("mean", means);

            // where the first is clearly ahead of the second
            void Best(string field, List<double> found)
            {
                var published = test.GetProperty("options").EnumerateArray().Select(option => option.GetProperty(field).GetDouble()).OrderDescending().ToList();
                if (published.Count < 2 || published[0] - published[1] > 2 * Tolerance("choice_sum"))
                    context.Equal($"best_by_{field}", test.GetProperty($"best_by_{field}").GetInt32(), found.IndexOf(found.Max()));
            }
        }

        public void Grammar(CaseContext context, JsonElement test)
        {
            using var work = Open();
            using var grammar = new LlamaGrammar(work.Model, LlmPack.Text(test, "gbnf"));
            var own = test.TryGetProperty("ids_llamacpp_x64", out var native);
            var expected = LlmPack.Ints(own ? native : test.GetProperty("ids"));
            var options = new GreedyOptions { MaxTokens = test.GetProperty("max_tokens").GetInt32(), Grammar = grammar };
            var prompt = LlmPack.Ints(test.GetProperty("prompt_ids"));
            var answer = GreedyDecoder.Decode(work, prompt, options, CancellationToken.None);
            if (test.GetProperty("min_margin").GetDouble() > Margin || answer.Tokens.SequenceEqual(expected))
            {
                context.EqualSequence("ids", expected, answer.Tokens);
                context.Equal("complete", test.GetProperty("complete").GetBoolean(), answer.End == AnswerEnd.Complete);
            }
            else
            {
                context.True("it follows the grammar as far as it goes", answer.End != AnswerEnd.Stuck);
            }
        }

        private LlamaContext Open() =>
            LlmPack.Load(File).CreateContext(new LlamaContextOptions
            {
                ContextSize = LlmPack.Load(File).TrainedContext,
                FullPrecision = FullPrecision,
                Threads = 1
            });

        private double Tolerance(string name) => Tolerances.GetProperty(name).GetDouble();
    }
}
