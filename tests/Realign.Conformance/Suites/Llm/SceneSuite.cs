using System.Text.Json;
using Realign.Conformance.Runner;
using Realign.Rewards;
using Realign.SceneScoring;

namespace Realign.Conformance.Suites.Llm;

/// <summary>Validation of scene answers, the tag reward, and the word-match rule against the plain word match on the scene tasks.</summary>
internal sealed class SceneSuite : IConformanceSuite
{
    public string Folder => "llm";

    public IEnumerable<ConformanceCase> Cases(string folder)
    {
        var answers = LlmPack.Json(folder, "scene_answers.json");
        var tags = answers.GetProperty("contexts").EnumerateArray().ToDictionary(item => LlmPack.Text(item, "id"),
            item => item.GetProperty("tags").EnumerateArray().Select(tag => tag.GetString()!).ToList());
        foreach (var test in answers.GetProperty("answers").EnumerateArray())
            yield return new ConformanceCase($"scene_answers/{LlmPack.Text(test, "id")}", context =>
                Answer(context, test, tags[LlmPack.Text(test, "context")]));
        foreach (var (test, index) in LlmPack.Json(folder, "sam_reward.json").GetProperty("cases").EnumerateArray().Select((test, index) => (test, index)))
            yield return new ConformanceCase($"sam_reward/{index}", context => Reward(context, test));
        yield return new ConformanceCase("scene_tasks/word_match", context => WordMatch(context, LlmPack.Json(folder, "scene_tasks.json")
            .GetProperty("tasks")));
    }

    private static void Answer(CaseContext context, JsonElement test, List<string> tags)
    {
        var reply = test.TryGetProperty("answer", out var whole)
            ? whole.GetString()!
            : string.Concat(test.GetProperty("answer_parts").EnumerateArray()
                .Select(part => string.Concat(Enumerable.Repeat(part[0].GetString(), part[1].GetInt32()))));
        var answer = SceneAnswer.Parse(reply, tags);
        context.Equal("verdict", LlmPack.Text(test, "verdict"), answer.BrokenRule is null ? "ok" : "invalid");
        // two cases may be found by either of two rules: the pack's own note says so for nesting beyond a parser's limit
        if (LlmPack.Text(test, "basis") == "spec" && !(answer.BrokenRule == "json_only" && test.TryGetProperty("answer_parts", out _)))
            context.Equal("rule", test.GetProperty("rule").GetString(), answer.BrokenRule);
        if (answer.BrokenRule is not null)
            return;
        context.EqualSequence("warnings", test.GetProperty("warnings").EnumerateArray().Select(warning => warning.GetString()), answer.Warnings);
        context.EqualSequence("entries", test.GetProperty("entries").EnumerateArray().Select(entry => (
                LlmPack.Text(entry, "tag"), entry.GetProperty("score").GetSingle(), LlmPack.Text(entry, "phrase"), LlmPack.Text(entry, "source"))),
            answer.Entries.Select(entry => (entry.Tag, entry.Score, entry.Phrase, entry.Source == EntrySource.Tag ? "tag" : "missing")));
    }

    private static void Reward(CaseContext context, JsonElement test)
    {
        var reply = LlmPack.Text(test, "reply");
        var reward = TagReward.Parse(reply, [.. test.GetProperty("tags").EnumerateArray().Select(tag => tag.GetString()!)]);
        var strict = test.GetProperty("strict");
        Number("published_digit_sum", test.GetProperty("published_digit_sum"), TagReward.FromReplyDigits(reply, reward.Scores.Count));
        context.EqualSequence("c", LlmPack.Ints(strict.GetProperty("c")), reward.Classes);
        context.EqualSequence("s", LlmPack.Doubles(strict.GetProperty("s")), reward.Scores);
        context.EqualSequence("unmatched", strict.GetProperty("unmatched").EnumerateArray().Select(tag => tag.GetString()), reward.Unmatched);
        context.Near("R_sam", strict.GetProperty("R_sam").GetDouble(), reward.Precision, 1e-12);
        Number("code_compatible", strict.GetProperty("code_compatible"), reward.OnPublishedScale);

        void Number(string what, JsonElement expected, double? actual)
        {
            if (expected.ValueKind == JsonValueKind.Null || actual is null)
                context.True(what, expected.ValueKind == JsonValueKind.Null && actual is null);
            else
                context.Near(what, expected.GetDouble(), actual.Value, 1e-12);
        }
    }

    /// <summary>The rule must be at least as good as asking whether the tag occurs as a word; the share it gets wrong is the reported error.</summary>
    private static void WordMatch(CaseContext context, JsonElement tasks)
    {
        var (rule, plain, ruleSure, plainSure) = (new List<bool>(), new List<bool>(), new List<bool>(), new List<bool>());
        foreach (var task in tasks.EnumerateArray())
        {
            var prompt = LlmPack.Text(task, "prompt");
            var words = prompt.ToLowerInvariant().Split([' ', ',', '.', '\'', '-'], StringSplitOptions.RemoveEmptyEntries).Select(Stem).ToList();
            var match = new WordMatchRule(prompt, [.. task.GetProperty("tags").EnumerateArray().Select(tag => tag.GetString()!)], SceneKnowledge.None);
            foreach (var expected in task.GetProperty("expected").EnumerateArray())
            {
                var tag = LlmPack.Text(expected, "tag");
                var accepted = LlmPack.Doubles(expected.GetProperty("accept"));
                var occurs = tag.Split(' ').All(word => words.Contains(Stem(word)));
                var byRule = accepted.Contains(match.Score(tag).Score);
                var byWord = accepted.Contains(occurs ? 2 : 0);
                rule.Add(byRule);
                plain.Add(byWord);
                if (expected.GetProperty("score").GetDouble() != 0.5)
                {
                    ruleSure.Add(byRule);
                    plainSure.Add(byWord);
                }
            }
        }

        context.Near("three-way error", rule.Count(right => !right) / (double)rule.Count, plain.Count(right => !right) / (double)plain.Count);
        context.Near("error on certain and absent tags", ruleSure.Count(right => !right) / (double)ruleSure.Count,
            plainSure.Count(right => !right) / (double)plainSure.Count);
    }

    private static string Stem(string word) => word.Length > 3 && word.EndsWith('s') && !word.EndsWith("ss", StringComparison.Ordinal) ? word[..^1] : word;
}
