using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Realign.Hosting.Models;
using Realign.Testing;
using Realign.V1;
using Realign.VisionLanguage.Captioning;
using Shouldly;
using Xunit;

namespace Realign.Captioner.Tests;

/// <summary>Calls that are scored in one pass of the model get what they would get alone.</summary>
public sealed class SharedPassTests
{
    private const int Calls = 8;
    // batched and single products are summed in another order; scores are log probabilities of a whole prompt, and logits
    private const float Tolerance = 1e-4f;

    [Theory]
    [InlineData(ScoreMethod.Likelihood, false)]
    [InlineData(ScoreMethod.Likelihood, true)]
    [InlineData(ScoreMethod.Clip, true)]
    public async Task CallsThatWait_ShareAPass_AndGetTheScoresOfCallsAlone(ScoreMethod method, bool gradient)
    {
        await using var service = await TestService.StartAsync(CaptionerApp.Build);
        var requests = Enumerable.Range(0, Calls).Select(i => Request(method, gradient, i)).ToList();
        var alone = new List<PromptScore>();
        foreach (var request in requests)
            alone.Add((await ScoreAsync(service, request)).Scores.Single());
        using var passes = new Passes(service);

        var sent = method == ScoreMethod.Clip
            ? await WhileBusyAsync<ClipScorer>(service, requests)
            : await WhileBusyAsync<ImageCaptioner>(service, requests);
        var together = (await Task.WhenAll(sent)).Select(response => response.Scores.Single()).ToList();

        passes.Calls.ShouldBe(Calls);
        passes.Count.ShouldBeLessThan(Calls);
        foreach (var (expected, actual) in alone.Zip(together))
        {
            actual.Score.ShouldBe(expected.Score, Tolerance);
            actual.NumTokens.ShouldBe(expected.NumTokens);
            Numbers(actual).Length.ShouldBe(gradient ? 3 * Scenes.Side * Scenes.Side : 0);
            Numbers(actual).Zip(Numbers(expected), (a, b) => Math.Abs(a - b)).DefaultIfEmpty().Max().ShouldBeLessThan(Tolerance);
        }
    }

    [Fact]
    public async Task BatchOfOne_ScoresEachCallAlone()
    {
        await using var service = await TestService.StartAsync(CaptionerApp.Build, "--Captioner:MaxBatch=1");
        using var passes = new Passes(service);

        var sent = await WhileBusyAsync<ClipScorer>(service, [.. Enumerable.Range(0, 3).Select(i => Request(ScoreMethod.Clip, false, i))]);

        (await Task.WhenAll(sent)).ShouldAllBe(response => response.Scores.Count == 1);
        passes.Count.ShouldBe(3);
    }

    private static ScorePromptRequest Request(ScoreMethod method, bool gradient, int index)
    {
        var values = Scenes.Planar();
        Array.Fill(values, index / (float)Calls, index * 500, 500);
        return new ScorePromptRequest
        {
            Method = method,
            Gradient = gradient ? new GradientOptions() : null,
            Items = { new ScoreItem { Image = Scenes.Pixels(values), Prompt = index % 2 == 0 ? "a red ball" : "a pink elephant on a table" } },
        };
    }

    private static float[] Numbers(PromptScore score) => score.Gradient is { } gradient
        ? System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(gradient.Data.Span).ToArray()
        : [];

    private static Task<ScorePromptResponse> ScoreAsync(TestService service, ScorePromptRequest request) =>
        new CaptionerService.CaptionerServiceClient(service.Channel).ScorePromptAsync(request).ResponseAsync.DefaultTimeout();

    private static async Task<List<Task<ScorePromptResponse>>> WhileBusyAsync<TModel>(TestService service, List<ScorePromptRequest> requests)
        where TModel : class
    {
        var host = service.Services.GetRequiredService<ModelHost<TModel>>();
        await using var blocker = await Blocker.OccupyAsync<TModel>(service);
        var sent = requests.ConvertAll(request => ScoreAsync(service, request));
        while (host.QueueLength < requests.Count)
        {
            sent.ShouldAllBe(call => !call.IsCompleted);
            await Task.Yield();
        }

        return sent;
    }

    /// <summary>Counts the passes that the models of one service make from now on.</summary>
    private sealed class Passes : IDisposable
    {
        private readonly MeterListener _listener = new();
        private int _count;
        private int _calls;

        public Passes(TestService service)
        {
            var meters = service.Services.GetRequiredService<IMeterFactory>();
            _listener.InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Name == "realign.model.batch_size" && instrument.Meter.Scope == meters)
                    listener.EnableMeasurementEvents(instrument);
            };
            _listener.SetMeasurementEventCallback<int>((_, calls, _, _) =>
            {
                _ = Interlocked.Increment(ref _count);
                _ = Interlocked.Add(ref _calls, calls);
            });
            _listener.Start();
        }

        public int Count => _count;

        public int Calls => _calls;

        public void Dispose() => _listener.Dispose();
    }
}
