using System.Runtime.InteropServices;
using Google.Protobuf;
using Grpc.Core;
using Realign.Captioner;
using Realign.Testing;
using Realign.Testing.Layouts;
using Realign.V1;
using Shouldly;
using Xunit;

namespace Realign.Gateway.Tests;

/// <summary>Rewards of the real Captioner with the miniature models, through the Gateway.</summary>
public sealed class RealCaptionerTests
{
    private const int Size = 64;

    [Fact]
    public async Task CaptionReward_OfARealImage_IsACosineWithItsCaption()
    {
        await using var captioner = await TestService.StartAsync(CaptionerApp.Build);
        await using var gateway = await TestService.StartAsync(GatewayApp.Build, $"--Gateway:Captioner={captioner.Address}");

        var response = await Score(gateway, new ScoreRequest
        {
            Items = { Pair(Pixels(), "a red car"), Pair(Pixels(), "a red car"), new ScoreItem { Prompt = "a red car",
                Image = new Image { Encoded = ByteString.CopyFromUtf8("no image") } } },
            Rewards = { new RewardSpec { Kind = RewardKind.Caption }, new RewardSpec { Kind = RewardKind.Likelihood } },
        });

        response.Items[0].Error.ShouldBeNull();
        response.Items[0].Values[0].Value.ShouldBeInRange(-1, 1);
        response.Items[0].Values[0].Caption.ShouldNotBeEmpty();
        response.Items[0].Values[1].Value.ShouldBeLessThan(0);
        response.Items[1].ShouldBe(response.Items[0]);
        response.Items[2].Error.Code.ShouldBe((int)StatusCode.InvalidArgument);
    }

    [Fact]
    public async Task Gradient_IsTheSlopeOfTheWeightedSum()
    {
        await using var captioner = await TestService.StartAsync(CaptionerApp.Build);
        await using var gateway = await TestService.StartAsync(GatewayApp.Build, $"--Gateway:Captioner={captioner.Address}");
        var pixels = Pixels();
        RewardSpec[] rewards = [new() { Kind = RewardKind.Likelihood, Weight = 0.5f }, new() { Kind = RewardKind.Clip, Weight = 2 }];

        var item = (await Score(gateway, new ScoreRequest
        {
            Items = { Pair(pixels, "a red car") },
            Rewards = { rewards },
            Gradient = new GradientOptions()
        })).Items[0];

        item.Error.ShouldBeNull();
        item.Gradient.Shape.ShouldBe([3, Size, Size]);
        var gradient = MemoryMarshal.Cast<byte, float>(item.Gradient.Data.Span).ToArray();
        var length = Math.Sqrt(gradient.Sum(value => (double)value * value));
        length.ShouldBeGreaterThan(0);
        // along the gradient the sum rises by its length; a central difference has no first-order error
        const float Step = 0.02f;
        float[] Moved(float by) => [.. pixels.Select((value, index) => value + (float)(by * gradient[index] / length))];
        var values = await Score(gateway, new ScoreRequest
        {
            Items = { Pair(Moved(Step), "a red car"), Pair(Moved(-Step), "a red car") },
            Rewards = { rewards }
        });
        var slope = (values.Items[0].Reward - values.Items[1].Reward) / (2 * Step);
        slope.ShouldBe((float)length, (float)length * 0.05f);
    }

    [Fact]
    public async Task HalfGradient_OfTheSum_AgreesWithTheSingleOne()
    {
        await using var captioner = await TestService.StartAsync(CaptionerApp.Build);
        await using var gateway = await TestService.StartAsync(GatewayApp.Build, $"--Gateway:Captioner={captioner.Address}");
        ScoreRequest Request(DataType dataType) => new()
        {
            Items = { Pair(Pixels(), "a red car") },
            Rewards = { new RewardSpec { Kind = RewardKind.Likelihood, Weight = 1e-3f }, new RewardSpec { Kind = RewardKind.Clip, Weight = 1e-3f } },
            Gradient = new GradientOptions { DataType = dataType },
        };

        var single = (await Score(gateway, Request(DataType.Float32))).Items[0].Gradient;
        var half = (await Score(gateway, Request(DataType.Float16))).Items[0].Gradient;

        var expected = MemoryMarshal.Cast<byte, float>(single.Data.Span).ToArray();
        var halves = MemoryMarshal.Cast<byte, Half>(half.Data.Span).ToArray();
        var error = Math.Sqrt(expected.Select((value, index) => Math.Pow(value - Math.ScaleB((double)halves[index], -half.ScaleLog2), 2)).Sum());
        (error / Math.Sqrt(expected.Sum(value => (double)value * value))).ShouldBeLessThan(5e-4);
    }

    [Theory]
    [InlineData(RewardKind.Itm, "Captioner:Retrieval", "ITM")]
    [InlineData(RewardKind.Hps, "Captioner:HpsV2", "HPS")]
    [InlineData(RewardKind.PickScore, "Captioner:PickScore", "PICK_SCORE")]
    [InlineData(RewardKind.ImageReward, "Captioner:ImageReward", "IMAGE_REWARD")]
    [InlineData(RewardKind.Aesthetic, "Captioner:Aesthetic", "AESTHETIC")]
    public async Task RewardWithoutItsModel_IsFailedPreconditionWithTheWayOut(RewardKind kind, string setting, string name)
    {
        await using var captioner = await TestService.StartAsync(CaptionerApp.Build);
        await using var gateway = await TestService.StartAsync(GatewayApp.Build, $"--Gateway:Captioner={captioner.Address}");

        var failure = await TestService.FailsAsync(() => Score(gateway, new ScoreRequest
        {
            Items = { Pair(Pixels(), "a red car") },
            Rewards = { new RewardSpec { Kind = kind } }
        }));

        failure.StatusCode.ShouldBe(StatusCode.FailedPrecondition);
        failure.Status.Detail.ShouldContain(setting);
        Calls.Info(failure).Metadata["reward"].ShouldBe(name);
    }

    [Fact]
    public async Task RewardsOfPreference_AreSummedWithTheirGradients()
    {
        using var hps = RewardCheckpoint.Hps();
        using var pickScore = RewardCheckpoint.PickScore();
        using var aesthetic = RewardCheckpoint.Aesthetic(128);
        await using var captioner = await TestService.StartAsync(CaptionerApp.Build, $"--Captioner:HpsV2={hps.Location}",
            $"--Captioner:PickScore={pickScore.Location}", $"--Captioner:ImageReward={RewardCheckpoint.ImageReward}",
            $"--Captioner:Aesthetic={aesthetic.Location}");
        await using var gateway = await TestService.StartAsync(GatewayApp.Build, $"--Gateway:Captioner={captioner.Address}");
        RewardKind[] kinds = [RewardKind.Hps, RewardKind.PickScore, RewardKind.ImageReward, RewardKind.Aesthetic];
        ScoreRequest Request(params RewardKind[] some) => new()
        {
            Items = { Pair(Pixels(), "a red car") },
            Rewards = { some.Select(kind => new RewardSpec { Kind = kind, Weight = kind == RewardKind.PickScore ? 0.5f : 2 }) },
            Gradient = new GradientOptions(),
        };

        var answer = await Score(gateway, Request(kinds));
        var alone = new List<ItemReward>();
        foreach (var kind in kinds)
            alone.Add((await Score(gateway, Request(kind))).Items[0]);

        var item = answer.Items[0];
        item.Error.ShouldBeNull();
        item.Values.Select(value => value.Kind).ShouldBe(kinds);
        item.Reward.ShouldBe(alone.Sum(one => one.Reward), 1e-4f);
        var singles = alone.Select(one => MemoryMarshal.Cast<byte, float>(one.Gradient.Data.Span).ToArray()).ToList();
        MemoryMarshal.Cast<byte, float>(item.Gradient.Data.Span).ToArray()
            .ShouldBe([.. Enumerable.Range(0, 3 * Size * Size).Select(index => singles.Sum(single => single[index]))], 1e-5);
        answer.Timings.Select(timing => timing.Name).ShouldBe(["hps", "pick_score", "image_reward", "aesthetic"]);
    }

    [Fact]
    public async Task EmptyPrompt_IsTakenWhereAestheticIsTheOnlyReward()
    {
        using var aesthetic = RewardCheckpoint.Aesthetic(128);
        await using var captioner = await TestService.StartAsync(CaptionerApp.Build, $"--Captioner:Aesthetic={aesthetic.Location}");
        await using var gateway = await TestService.StartAsync(GatewayApp.Build, $"--Gateway:Captioner={captioner.Address}");
        ScoreRequest Request(params RewardKind[] kinds) => new()
        {
            Items = { Pair(Pixels(), "") },
            Rewards = { kinds.Select(kind => new RewardSpec { Kind = kind }) },
        };

        (await Score(gateway, Request(RewardKind.Aesthetic))).Items[0].Error.ShouldBeNull();
        (await Score(gateway, Request(RewardKind.Aesthetic, RewardKind.Clip))).Items[0].Error.Code.ShouldBe((int)StatusCode.InvalidArgument);
    }

    private static async Task<ScoreResponse> Score(TestService gateway, ScoreRequest request) =>
        await new RewardService.RewardServiceClient(gateway.Channel).ScoreAsync(request).ResponseAsync.DefaultTimeout();

    /// <summary>A soft red blob on gray, far from 0 and 1 so that no clamp is met.</summary>
    private static float[] Pixels()
    {
        var pixels = new float[3 * Size * Size];
        for (var i = 0; i < Size * Size; i++)
        {
            var distance = (Math.Pow((i % Size) - 32, 2) + Math.Pow((i / Size) - 36, 2)) / 260;
            var blob = (float)Math.Exp(-distance);
            pixels[i] = 0.6f + (0.2f * blob);
            pixels[(Size * Size) + i] = 0.6f - (0.35f * blob);
            pixels[(2 * Size * Size) + i] = 0.6f - (0.35f * blob);
        }

        return pixels;
    }

    private static ScoreItem Pair(float[] pixels, string prompt) => new()
    {
        Prompt = prompt,
        Image = new Image
        {
            Pixels = new Tensor
            {
                DataType = DataType.Float32,
                Shape = { 3, Size, Size },
                Data = ByteString.CopyFrom(MemoryMarshal.AsBytes(pixels.AsSpan()))
            }
        },
    };
}
