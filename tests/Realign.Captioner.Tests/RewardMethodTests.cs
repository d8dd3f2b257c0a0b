using System.Runtime.InteropServices;
using Grpc.Core;
using Realign.Testing;
using Realign.Testing.Layouts;
using Realign.V1;
using Shouldly;
using Xunit;
using Image = Realign.V1.Image;

namespace Realign.Captioner.Tests;

/// <summary>Rewards as people publish them, behind the service by setting alone. Their numbers are pinned in the library's tests.</summary>
public sealed class RewardMethodTests
{
    private static readonly string Long = $"{string.Concat(Enumerable.Repeat("a red car and ", 40))}a purple elephant";

    public static TheoryData<ScoreMethod, string, string> Methods => new()
    {
        { ScoreMethod.Hps, "HpsV2", "hps-v2" },
        { ScoreMethod.PickScore, "PickScore", "pick-score" },
        { ScoreMethod.ImageReward, "ImageReward", "image-reward" },
        { ScoreMethod.Aesthetic, "Aesthetic", "aesthetic" },
    };

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task Method_Scores_WithTheSlopeOfItsScore(ScoreMethod method, string setting, string family)
    {
        using var checkpoint = Checkpoint(method);
        await using var service = await TestService.StartAsync(CaptionerApp.Build, $"--Captioner:{setting}={Location(method, checkpoint)}");
        var pixels = Scenes.Planar();

        var response = await ScoreAsync(service, method, "a red car", new GradientOptions(), Scenes.Pixels(pixels));

        response.Model.Family.ShouldBe(family);
        var scored = response.Scores.ShouldHaveSingleItem();
        scored.Gradient.Shape.ShouldBe([3, Scenes.Side, Scenes.Side]);
        scored.TruncatedPrompt.ShouldBeEmpty();
        (scored.NumTokensRead > 0).ShouldBe(method != ScoreMethod.Aesthetic);
        var gradient = MemoryMarshal.Cast<byte, float>(scored.Gradient.Data.Span).ToArray();
        var norm = Math.Sqrt(gradient.Sum(value => (double)value * value));
        norm.ShouldBeGreaterThan(0);
        const float Step = 0.02f;
        float[] Moved(float by) => [.. pixels.Zip(gradient, (pixel, slope) => pixel + (float)(by * slope / norm))];
        var moved = await ScoreAsync(service, method, "a red car", null, Scenes.Pixels(Moved(Step)), Scenes.Pixels(Moved(-Step)));
        var slope = (moved.Scores[0].Score - moved.Scores[1].Score) / (2 * Step);
        ((double)slope).ShouldBe(norm, norm * 0.05);
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task Method_WithoutItsModel_IsFailedPreconditionWithTheSetting(ScoreMethod method, string setting, string family)
    {
        await using var service = await TestService.StartAsync(CaptionerApp.Build);

        var failure = await TestService.FailsAsync(() => ScoreAsync(service, method, "a red car", null, Scenes.Pixels()));

        failure.StatusCode.ShouldBe(StatusCode.FailedPrecondition, family);
        failure.Status.Detail.ShouldContain($"Captioner:{setting}");
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task Method_LongPrompt_ReportsTheEndItDidNotRead(ScoreMethod method, string setting, string family)
    {
        using var checkpoint = Checkpoint(method);
        await using var service = await TestService.StartAsync(CaptionerApp.Build, $"--Captioner:{setting}={Location(method, checkpoint)}");

        var scored = (await ScoreAsync(service, method, Long, null, Scenes.Pixels())).Scores[0];

        if (method == ScoreMethod.Aesthetic)
            scored.TruncatedPrompt.ShouldBeEmpty(family);
        else
            scored.TruncatedPrompt.ShouldEndWith("elephant", customMessage: family);
        scored.NumTokensRead.ShouldBe(method switch { ScoreMethod.Aesthetic => 0, ScoreMethod.ImageReward => 35, _ => 77 });
    }

    [Fact]
    public async Task Aesthetic_TakesNoPrompt_TheOthersNeedOne()
    {
        using var checkpoint = RewardCheckpoint.Aesthetic(128);
        await using var service = await TestService.StartAsync(CaptionerApp.Build, $"--Captioner:Aesthetic={checkpoint.Location}");

        (await ScoreAsync(service, ScoreMethod.Aesthetic, "", null, Scenes.Pixels())).Scores.Count.ShouldBe(1);
        var failure = await TestService.FailsAsync(() => ScoreAsync(service, ScoreMethod.Clip, "", null, Scenes.Pixels()));
        failure.StatusCode.ShouldBe(StatusCode.InvalidArgument);
    }

    [Fact]
    public async Task BrokenReward_LeavesTheOthersServing()
    {
        using var checkpoint = RewardCheckpoint.Aesthetic(64);
        await using var service = await TestService.StartAsync(CaptionerApp.Build, $"--Captioner:Aesthetic={checkpoint.Location}");

        var failure = await TestService.FailsAsync(() => ScoreAsync(service, ScoreMethod.Aesthetic, "", null, Scenes.Pixels()));

        failure.StatusCode.ShouldBe(StatusCode.FailedPrecondition);
        failure.Status.Detail.ShouldContain("model aesthetic is not loaded: ");
        failure.Status.Detail.ShouldContain("width 64");
        (await ScoreAsync(service, ScoreMethod.Clip, "a red car", null, Scenes.Pixels())).Scores.Count.ShouldBe(1);
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task Method_InBatches_EqualsSingleCalls_AndLeavesNoTensors(ScoreMethod method, string setting, string family)
    {
        using var checkpoint = Checkpoint(method);
        await using var service = await TestService.StartAsync(CaptionerApp.Build, $"--Captioner:{setting}={Location(method, checkpoint)}");
        var alone = (await ScoreAsync(service, method, "a red car", new GradientOptions(), Scenes.Pixels())).Scores[0];
        var before = TorchSharp.torch.Tensor.TotalCount;

        var together = await ScoreAsync(
            service, method, "a red car", new GradientOptions(), [.. Enumerable.Range(0, 9).Select(_ => Scenes.Pixels())]);

        together.Scores.ShouldAllBe(score => Math.Abs(score.Score - alone.Score) < 1e-3, family);
        TorchSharp.torch.Tensor.TotalCount.ShouldBe(before, family);
    }

    private static RewardCheckpoint? Checkpoint(ScoreMethod method) => method switch
    {
        ScoreMethod.Hps => RewardCheckpoint.Hps(),
        ScoreMethod.PickScore => RewardCheckpoint.PickScore(),
        // of the miniature's CLIP
        ScoreMethod.Aesthetic => RewardCheckpoint.Aesthetic(128),
        _ => null,
    };

    private static string Location(ScoreMethod method, RewardCheckpoint? checkpoint) => checkpoint?.Location
        ?? (method == ScoreMethod.ImageReward ? RewardCheckpoint.ImageReward : throw new ArgumentOutOfRangeException(nameof(method)));

    private static Task<ScorePromptResponse> ScoreAsync(
        TestService service, ScoreMethod method, string prompt, GradientOptions? gradient, params Image[] images)
    {
        var request = new ScorePromptRequest { Method = method, Gradient = gradient };
        request.Items.AddRange(images.Select(image => new ScoreItem { Image = image, Prompt = prompt }));
        return CaptionerServiceTests.Client(service).ScorePromptAsync(request).ResponseAsync.DefaultTimeout();
    }
}
