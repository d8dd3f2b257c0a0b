using System.Text.Json;
using Realign.Conformance.Runner;
using Realign.Metrics.CompBench;
using Realign.Metrics.Frechet;
using Realign.Metrics.Statistics;
using Realign.Metrics.Text;
using static Realign.Conformance.Suites.Training.TrainingGolden;

namespace Realign.Conformance.Suites.Training;

internal sealed class MetricsSuite : IConformanceSuite
{
    public string Folder => "training/metrics";

    public IEnumerable<ConformanceCase> Cases(string folder)
    {
        foreach (var entry in Parse(Path.Combine(folder, "fid.json")).GetProperty("cases").EnumerateArray())
            yield return Case(folder, "fid", $"fid/{entry.GetProperty("id").GetString()}", (golden, context) => Frechet(golden, context, entry));
        yield return Case(folder, "streaming", "streaming", Streaming);
        yield return Case(folder, "clip_score", "clip_score", Clip);
        yield return Case(folder, "tifa", "tifa", TifaScores);
        foreach (var (index, entry) in Parse(Path.Combine(folder, "bootstrap.json")).GetProperty("cases").EnumerateArray().Index())
            yield return new ConformanceCase($"bootstrap/{index}", context => Resampling(context, entry));
        foreach (var test in CompBench(folder))
            yield return test;
    }

    private static void Frechet(TrainingGolden golden, CaseContext context, JsonElement entry)
    {
        var id = entry.GetProperty("id").GetString();
        var (a, b) = (Features(golden, $"{id}.in.a"), Features(golden, $"{id}.in.b"));
        var statistics = FeatureStatistics.Of(a);
        golden.Compare(context, $"{id}.out.mean_a", [.. statistics.Mean]);
        golden.Compare(context, $"{id}.out.cov_a", statistics.Covariance());

        // the distance is what is left when the traces cancel: that rounding of the terms is there whatever the distance
        var terms = Trace(statistics) + Trace(FeatureStatistics.Of(b));
        var exact = entry.GetProperty("fid").GetDouble();
        var distance = FrechetDistance.Between(a, b);
        Near("fid", exact, 1e-9, distance);
        Near("fid_with_eps_on_both", entry.GetProperty("fid_with_eps_on_both").GetDouble(), 1e-9, FrechetDistance.Between(a, b, 1e-6));
        Near("fid_published_sqrtm", entry.GetProperty("fid_published_sqrtm").GetDouble(),
            entry.GetProperty("full_rank").GetBoolean() ? 1e-10 : 1e-7, distance);
        if (entry.GetProperty("fid_symmetric") is { ValueKind: JsonValueKind.Number } symmetric)
            Near("fid_symmetric", symmetric.GetDouble(), 1e-9, FrechetDistance.Between(statistics, FeatureStatistics.Of(b)));

        // three kernel means cancel, and the reference rounds each of them: a few units in the last place of one mean are in its value
        var kid = entry.GetProperty("kid").GetDouble();
        var kernelMean = Math.Pow((statistics.Mean.Sum(value => value * value) / statistics.Dimension) + 1, 3);
        context.Near("kid", kid, KernelDistance.Between(a, b), (1e-9 * Math.Abs(kid)) + (8 * (Math.BitIncrement(kernelMean) - kernelMean)));

        void Near(string what, double expected, double relative, double actual) =>
            context.Near(what, expected, actual, (relative * Math.Abs(expected)) + (1e-14 * terms));
    }

    private static double Trace(FeatureStatistics statistics)
    {
        var covariance = statistics.Covariance();
        return Enumerable.Range(0, statistics.Dimension).Sum(i => covariance[i * (statistics.Dimension + 1)]);
    }

    private static void Streaming(TrainingGolden golden, CaseContext context)
    {
        var features = golden.Read("in.features");
        var (columns, bounds) = ((int)features.shape[1], Ints(golden.Json.GetProperty("chunks")));
        var values = Array.ConvertAll(golden.Numbers("in.features"), value => (float)value);
        var statistics = new FeatureStatistics(columns);
        for (var i = 0; i + 1 < bounds.Length; i++)
        {
            var rows = bounds[i + 1] - bounds[i];
            statistics.Add(new FeatureMatrix(values.AsMemory(bounds[i] * columns, rows * columns), rows, columns));
            golden.Compare(context, $"out.{i}.mean", [.. statistics.Mean]);
            golden.Compare(context, $"out.{i}.scatter", [.. statistics.Scatter]);
        }

        golden.Compare(context, "out.cov", statistics.Covariance());
    }

    private static void Clip(TrainingGolden golden, CaseContext context)
    {
        var cosines = ClipScore.Cosines(Features(golden, "in.image_features"), Features(golden, "in.text_features"));
        context.Equal("prefix", golden.Json.GetProperty("prefix").GetString(), ClipScore.Prefix);
        golden.Compare(context, "out.cosine", cosines);
        golden.Compare(context, "out.clipscore", [.. cosines.Select(ClipScore.Weighted)]);
        golden.Compare(context, "out.clipscore_mean", [cosines.Average(ClipScore.Weighted)]);
        golden.Compare(context, "out.clip_score_x100", [.. cosines.Select(ClipScore.Percent)]);
        golden.Compare(context, "out.clip_score_x100_mean", [ClipScore.PercentOfSet(cosines)]);
    }

    private static void TifaScores(TrainingGolden golden, CaseContext context)
    {
        var prompts = new List<IReadOnlyCollection<TifaAnswer>>();
        foreach (var prompt in golden.Json.GetProperty("prompts").EnumerateArray())
        {
            var answers = prompt.GetProperty("questions").EnumerateArray().Select(Answer).ToList();
            prompts.Add(answers);
            TrainingGolden.Compare(context, prompt.GetProperty("id").GetString()!, prompt.GetProperty("expected"), Tifa.OfImage(answers));
        }

        var expected = golden.Json.GetProperty("expected");
        TrainingGolden.Compare(context, "tifa", expected.GetProperty("tifa"), Tifa.OfSet(prompts));
        var byElement = Tifa.ByElement(prompts);
        foreach (var element in expected.GetProperty("by_element").EnumerateObject())
            TrainingGolden.Compare(context, element.Name, element.Value, byElement[element.Name]);
        context.Equal("elements", expected.GetProperty("by_element").EnumerateObject().Count(), byElement.Count);

        TifaAnswer Answer(JsonElement json)
        {
            var question = new TifaQuestion(Texts(json.GetProperty("choices")), json.GetProperty("gold").GetString()!, json.GetProperty("element")
                .GetString()!);
            var answer = new TifaAnswer(question, Tifa.Choose(question, json.GetProperty("free_answer").GetString()!,
                Doubles(json.GetProperty("choice_similarity"))));
            context.Equal("choice", json.GetProperty("expected").GetProperty("choice").GetString(), answer.Choice);
            context.Equal("correct", json.GetProperty("expected").GetProperty("correct").GetBoolean(), answer.IsCorrect);
            return answer;
        }
    }

    private static void Resampling(CaseContext context, JsonElement entry)
    {
        var (values, paired) = (Doubles(entry.GetProperty("values")), Doubles(entry.GetProperty("paired_values")));
        var indices = entry.GetProperty("indices").EnumerateArray().Select(Ints).ToList();
        var level = entry.GetProperty("level").GetDouble();
        var mean = Bootstrap.Mean(values, indices, level);
        var difference = Bootstrap.PairedDifference(values, paired, indices, level);
        var expected = entry.GetProperty("expected");
        foreach (var (name, actual) in new[]
        {
            ("mean", mean.Mean), ("low", mean.Low), ("high", mean.High), ("standard_error", mean.StandardError),
            ("paired_difference", difference.Mean), ("paired_low", difference.Low), ("paired_high", difference.High),
        })
            TrainingGolden.Compare(context, name, expected.GetProperty(name), actual);
    }

    private static IEnumerable<ConformanceCase> CompBench(string folder)
    {
        var json = Parse(Path.Combine(folder, "compbench.json"));
        foreach (var (index, entry) in json.GetProperty("attribute_binding").EnumerateArray().Index())
        {
            yield return new ConformanceCase($"compbench/attribute_binding/{index}", context =>
                TrainingGolden.Compare(context, "score", entry.GetProperty("expected"), AttributeBinding.Score(Doubles(entry.GetProperty("p_yes")))));
        }

        foreach (var (index, entry) in json.GetProperty("spatial").EnumerateArray().Index())
            yield return new ConformanceCase($"compbench/spatial/{index}", context => Spatial(context, entry));
        var aggregation = json.GetProperty("aggregation");
        yield return new ConformanceCase("compbench/aggregation", context => TrainingGolden.Compare(context, "score", aggregation.GetProperty("expected"),
            CompBenchScore.OfCategory(aggregation.GetProperty("images").EnumerateArray().Select(image => image.GetProperty("score").GetDouble()))));
    }

    private static void Spatial(CaseContext context, JsonElement entry)
    {
        var confidences = entry.GetProperty("confidences");
        var first = Detection(entry.GetProperty("box_1"), confidences[0]);
        var second = Detection(entry.GetProperty("box_2"), confidences[1]);
        var relation = entry.GetProperty("relation").GetString()!;
        var expected = entry.GetProperty("expected");
        TrainingGolden.Compare(context, "score", expected.GetProperty("score"), SpatialRelation.Score(relation, first, second));
        if (first is null || second is null)
            return;
        TrainingGolden.Compare(context, "position", expected.GetProperty("position"), SpatialRelation.Position(relation, first, second));
        TrainingGolden.Compare(context, "iou", expected.GetProperty("iou"), SpatialRelation.IntersectionOverUnion(first, second));
    }

    private static DetectedObject? Detection(JsonElement box, JsonElement confidence) => box.ValueKind == JsonValueKind.Null
        ? null
        : new DetectedObject(box[0].GetDouble(), box[1].GetDouble(), box[2].GetDouble(), box[3].GetDouble(), confidence.GetDouble());

    private static FeatureMatrix Features(TrainingGolden golden, string key)
    {
        var shape = golden.Read(key).shape;
        return new FeatureMatrix(Array.ConvertAll(golden.Numbers(key), value => (float)value), (int)shape[0], (int)shape[1]);
    }
}
