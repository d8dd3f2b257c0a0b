using System.Diagnostics;
using Realign.V1;

namespace Realign.MeshBenchmark;

/// <summary>Milliseconds of one call of each model, asked directly.</summary>
internal static class CallTimes
{
    public static async Task MeasureAsync(MeshUnderTest mesh, Report report, int runs)
    {
        var events = await mesh.RealignAsync(0);
        var image = new Image { Encoded = events.Single(response => response.EventCase == RealignResponse.EventOneofCase.Coarse).Coarse.Images[0].Png };
        var prompt = MeshUnderTest.Request(0).Prompt;
        var captioner = new CaptionerService.CaptionerServiceClient(mesh.Channel("captioner"));
        var tagger = new TaggerService.TaggerServiceClient(mesh.Channel("tagger"));
        var scorer = new SceneScorerService.SceneScorerServiceClient(mesh.Channel("scene-scorer"));
        var segmenter = new SegmenterService.SegmenterServiceClient(mesh.Channel("segmenter"));
        ScorePromptRequest Score(GradientOptions? gradient) => new()
        {
            Items = { new ScoreItem { Image = image, Prompt = prompt } },
            Method = ScoreMethod.Likelihood,
            Gradient = gradient,
        };
        List<(string Name, Func<Task> Call)> calls =
        [
            ("Captioner.Caption, greedy", async () => await captioner.CaptionAsync(new CaptionRequest { Image = image })),
            ("Captioner.ScorePrompt, likelihood", async () => await captioner.ScorePromptAsync(Score(null))),
            ("Captioner.ScorePrompt, likelihood with gradient", async () => await captioner.ScorePromptAsync(Score(new GradientOptions()))),
            ("Tagger.Tag", async () => await tagger.TagAsync(new TagRequest { Image = image })),
            ("SceneScorer.ScoreScene, 2 tags", async () => await scorer.ScoreSceneAsync(new ScoreSceneRequest { Prompt = prompt,
                Tags = { "car", "elephant" } })),
            ("Segmenter.Segment, 2 phrases", async () => await segmenter.SegmentAsync(new SegmentRequest { Image = image, Phrases = { "car", "elephant" } })),
            ("Generator.Generate, 25 steps", () => GenerateAsync(mesh)),
        ];
        var rows = new List<string[]>();
        foreach (var (name, call) in calls)
        {
            var samples = new Samples();
            await call();
            for (var run = 0; run < runs; run++)
            {
                var watch = Stopwatch.StartNew();
                await call();
                samples.Add(watch.Elapsed.TotalMilliseconds);
            }

            rows.Add([name, Report.Number(samples.Minimum), Report.Number(samples.Median), Report.Number(samples.Percentile(95))]);
        }

        report.Table($"One call of each model, {runs} times", ["call", "min ms", "median ms", "p95 ms"], rows);
    }

    private static async Task GenerateAsync(MeshUnderTest mesh)
    {
        using var call = mesh.Generator.Generate(MeshUnderTest.Request(0));
        while (await call.ResponseStream.MoveNext(CancellationToken.None))
        {
        }
    }
}
