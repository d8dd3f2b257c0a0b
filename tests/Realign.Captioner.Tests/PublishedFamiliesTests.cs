using System.Runtime.InteropServices;
using System.Text.Json;
using Realign.Testing;
using Realign.V1;
using Shouldly;
using Xunit;

namespace Realign.Captioner.Tests;

/// <summary>
/// Checkpoints of every published family behind the service, chosen by setting alone. The numbers of the models are pinned by the
/// conformance suites; here only what lies between a request and a model can be wrong.
/// </summary>
public sealed class PublishedFamiliesTests
{
    [Theory]
    [InlineData("blip2-opt", "", "blip-2", "likelihood.no_bos")]
    [InlineData("blip2-t5", "", "blip-2", "likelihood.empty_prompt")]
    [InlineData("blip-itm", "captioning-", "blip", "comat")]
    public async Task Captioner_DescribesAndScoresAsThePackDoes(string part, string prefix, string family, string convention)
    {
        var pack = new PackPart(part, prefix);
        await using var service = await TestService.StartAsync(CaptionerApp.Build, $"--Captioner:Model={pack.Snapshot}");
        var client = CaptionerServiceTests.Client(service);
        // the first entry of every pack is greedy search without a prompt
        var generation = pack.Json.GetProperty("generation")[0];
        var texts = pack.Json.GetProperty(pack.Json.TryGetProperty("texts", out _) ? "texts" : "likelihood");
        var prompts = (texts.ValueKind == JsonValueKind.Array ? texts : texts.GetProperty("texts")).EnumerateArray().Select(text => text.GetString()!).ToList();
        var means = convention.Split('.').Aggregate(pack.Json, (element, name) => element.GetProperty(name)).GetProperty("mean");

        for (var index = 0; index < pack.Images; index++)
        {
            var caption = await client.CaptionAsync(new CaptionRequest
            {
                Image = pack.Image(index),
                MaxNewTokens = generation.GetProperty("args").GetProperty("max_new_tokens").GetInt32(),
            }).ResponseAsync.DefaultTimeout();
            caption.Caption.ShouldBe(generation.GetProperty("images")[index].GetProperty("text").GetString()!.Trim());
            caption.Model.Family.ShouldBe(family);

            var request = new ScorePromptRequest { Method = ScoreMethod.Likelihood };
            request.Items.AddRange(prompts.Select(prompt => new ScoreItem { Image = pack.Image(index), Prompt = prompt }));
            var scores = (await client.ScorePromptAsync(request).ResponseAsync.DefaultTimeout()).Scores;
            for (var text = 0; text < prompts.Count; text++)
                ((double)scores[text].Score).ShouldBe(means[index][text].GetDouble(), 1e-3);
        }
    }

    [Theory]
    [InlineData("blip2-itm", "", "blip-2-itm")]
    [InlineData("blip-itm", "itm-", "blip-itm")]
    public async Task Retrieval_EmbedsAndScores_WithGradients(string part, string prefix, string family)
    {
        var pack = new PackPart(part, prefix);
        await using var service = await TestService.StartAsync(CaptionerApp.Build, $"--Captioner:Retrieval={pack.Snapshot}");
        var client = CaptionerServiceTests.Client(service);
        var prompt = pack.Json.GetProperty("texts")[0].GetString()!;

        // where a retrieval model is loaded it is the default encoder
        var embedded = await client.EmbedTextAsync(new EmbedTextRequest { Texts = { prompt, "a white cat" } }).ResponseAsync.DefaultTimeout();
        embedded.Preset.ShouldBe(TextEncoderPreset.Paper);
        embedded.Model.Family.ShouldBe(family);
        var rows = MemoryMarshal.Cast<byte, float>(embedded.Embeddings.Data.Span).ToArray().Chunk((int)embedded.Embeddings.Shape[1]).ToArray();
        rows.Length.ShouldBe(2);
        rows.ShouldAllBe(row => Math.Abs(row.Sum(value => value * value) - 1) < 1e-5);

        foreach (var (method, least, most) in new[] { (ScoreMethod.Itc, -1f, 1f), (ScoreMethod.Itm, 0f, 1f) })
        {
            var pixels = pack.Pixels(0);
            var response = await ScoreAsync(method, new GradientOptions(), pixels);
            response.Model.Family.ShouldBe(family);
            response.Scores[0].Score.ShouldBeInRange(least, most);
            var gradient = MemoryMarshal.Cast<byte, float>(response.Scores[0].Gradient.Data.Span).ToArray();
            var norm = Math.Sqrt(gradient.Sum(value => (double)value * value));
            norm.ShouldBeGreaterThan(0);
            // a step along the gradient raises the score, one against it lowers it
            const double Step = 0.1;
            float[] Moved(double step) => [.. pixels.Zip(gradient, (pixel, slope) => pixel + (float)(step * slope / norm))];
            (await ScoreAsync(method, null, Moved(Step))).Scores[0].Score.ShouldBeGreaterThan(response.Scores[0].Score);
            (await ScoreAsync(method, null, Moved(-Step))).Scores[0].Score.ShouldBeLessThan(response.Scores[0].Score);
        }

        Task<ScorePromptResponse> ScoreAsync(ScoreMethod method, GradientOptions? gradient, float[] pixels) => client.ScorePromptAsync(new ScorePromptRequest
        {
            Method = method,
            Gradient = gradient,
            Items = { new ScoreItem { Image = Pictures.AsRequest(pixels, 3, pack.Side, pack.Side), Prompt = prompt } },
        }).ResponseAsync.DefaultTimeout();
    }
}
